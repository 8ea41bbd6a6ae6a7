import assert from 'node:assert/strict';
import { MlWorkspace, valueAt, type Reply } from '../../support/ml-workspace';

export type Members = Record<string, unknown>;

export const literal = (value: string): Members => ({ job_input_type: 'literal', value });
export const folder = { type: 'uri_folder' };

/** A local Azure with two components: `say` writes its inputs into a file, `copy` copies a folder. */
export class PipelineStage {
  private constructor(
    public ws: MlWorkspace,
    readonly environment: string,
    public say = '',
    public copy = '',
  ) {}

  static async open(): Promise<PipelineStage> {
    const ws = await MlWorkspace.start();
    const stage = new PipelineStage(ws, await ws.environment('bare', []));
    stage.say = await stage.component('say', {
      command: 'echo ${{inputs.word}}$[[ and ${{inputs.more}}]] x${{inputs.times}} > ${{outputs.made}}/said.txt',
      inputs: {
        word: { type: 'string' },
        more: { type: 'string', optional: true },
        times: { type: 'integer', default: '3' },
      },
      outputs: { made: folder },
    });
    stage.copy = await stage.component('copy', {
      command: 'cat ${{inputs.from}}/* && cp ${{inputs.from}}/* ${{outputs.to}}/',
      inputs: { from: folder },
      outputs: { to: folder },
    });
    return stage;
  }

  async component(name: string, spec: Members): Promise<string> {
    const componentSpec = { type: 'command', name, version: '1', environment: `azureml:${this.environment}`, ...spec };
    const put = await this.ws.arm('PUT', `/components/${name}/versions/1`, { properties: { componentSpec } });
    assert.equal(put.status, 201, put.text);
    return `${this.ws.path}/components/${name}/versions/1`;
  }

  async script(name: string, command: string): Promise<Members> {
    return { type: 'command', componentId: await this.component(name, { command }) };
  }

  sayNode(word: string, more: Members = {}): Members {
    return { type: 'command', componentId: this.say, inputs: { word: literal(word), ...more } };
  }

  copyNode(from: string, more: Members = {}): Members {
    return { type: 'command', componentId: this.copy, inputs: { from: literal(from) }, ...more };
  }

  async start(name: string, properties: Members): Promise<void> {
    const put = await this.ws.startJob(name, { jobType: 'Pipeline', ...properties });
    assert.equal(put.status, 201, put.text);
    assert.equal(put.at('properties/status'), 'NotStarted');
  }

  async run(name: string, properties: Members): Promise<Reply> {
    await this.start(name, properties);
    return (await this.ws.waitForJob(name)).job;
  }

  /** Ids and statuses of a job's children, by the names of their nodes. */
  async children(name: string): Promise<Record<string, { id: string; status: unknown }>> {
    const found = (await this.ws.history(`/runs/${name}/children`)).list('value');
    return Object.fromEntries(
      found.map((one) => [
        String(valueAt(one, 'displayName')),
        { id: String(valueAt(one, 'runId')), status: valueAt(one, 'status') },
      ]),
    );
  }

  async statuses(name: string): Promise<Members> {
    return Object.fromEntries(Object.entries(await this.children(name)).map(([node, { status }]) => [node, status]));
  }

  /** A blob of the default datastore as text. */
  async read(blob: string): Promise<string> {
    return (await this.ws.core.blobs.read(await this.ws.container(), blob)).toString();
  }

  /** What the official documents object to, without what is newer than they are: recordings show it in answers. */
  async objections(): Promise<string[]> {
    const newer = /OBJECT_ADDITIONAL_PROPERTIES .*: (parentJobName|assetName|assetVersion) /;
    return [...new Set((await this.ws.problems()).filter((problem) => !newer.test(problem)))];
  }
}
