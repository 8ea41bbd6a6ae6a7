import type { Core } from '../../service';
import { AssetError, Assets } from '../assets';
import { checkCompute, reference } from '../job-parts';
import { errorMessage, invalid, isObject, optionalObject, optionalText, type Json } from '../wire';
import { readComponent, type Component, type InputPort, type OutputPort, type PipelineComponent } from './component';

/** What nodes of a pipeline name, looked up in the workspace. */
export class Lookup {
  private readonly assets: Assets;

  constructor(
    readonly core: Core,
    readonly workspace: string,
  ) {
    this.assets = new Assets(core, workspace);
  }

  /** The full id of a component and what it is. @throws ArmFault 400 `ComponentNotFound` naming `where`. */
  component(given: string, where: string): { id: string; component: Component } {
    try {
      const id = this.labelled(given) ?? this.assets.id('components', given);
      const properties = this.assets.version('components', id);
      const component = readComponent(optionalObject(properties['componentSpec'], 'componentSpec'), where);
      return { id, component: component.type === 'pipeline' ? this.fromJob(component, where) : component };
    } catch (error) {
      if (!(error instanceof AssetError)) throw error;
      throw invalid(errorMessage(error), 'ComponentNotFound', where);
    }
  }

  /** `…/components/X/labels/default` is the newest version: nobody can set another here. */
  private labelled(given: string): string | undefined {
    const found = /(?:^azureml:([^/:@]+)@|\/components\/([^/]+)\/labels\/)(?:default|latest)$/i.exec(given);
    if (found === null || /registries/i.test(given)) return undefined;
    const container = `${this.workspace}/components/${found[1] ?? found[2] ?? ''}`;
    const newest = newestVersion(this.core, container);
    return newest === undefined ? undefined : `${container}/versions/${newest}`;
  }

  /** A component made from a job has that job's nodes, and its inputs as defaults. */
  private fromJob(component: PipelineComponent, where: string): PipelineComponent {
    if (component.sourceJob === undefined || Object.keys(component.jobs).length > 0) return component;
    return { ...this.sourceJob(component.sourceJob, where), ...withContent(component) };
  }

  /** The nodes, inputs and outputs of a pipeline job, as a component. */
  sourceJob(given: string, where: string): PipelineComponent {
    const name = given.split('/').pop() ?? '';
    const stored = this.core.store.get(`${this.workspace}/jobs/${name}`);
    const properties = isObject(stored) ? optionalObject(stored['properties'], 'properties') : {};
    if (properties['jobType'] !== 'Pipeline')
      throw invalid(`There is no pipeline job '${name}' in the workspace.`, 'JobNotFound', where);
    const inputs = Object.entries(optionalObject(properties['inputs'], 'inputs'));
    const outputs = Object.entries(optionalObject(properties['outputs'], 'outputs')).filter(
      ([key]) => key !== 'default',
    );
    return {
      type: 'pipeline',
      jobs: optionalObject(properties['jobs'], 'jobs'),
      inputs: Object.fromEntries(inputs.map(([key, value]) => [key, givenInput(optionalObject(value, key))])),
      outputs: Object.fromEntries(outputs.map(([key, value]) => [key, givenOutput(optionalObject(value, key))])),
    };
  }

  environment(given: string, where: string): string {
    return reference(this.assets, 'environments', given, where);
  }

  code(given: string, where: string): string {
    return reference(this.assets, 'codes', given, where);
  }

  compute(given: string | undefined, where: string): void {
    // What an input says is known when the pipeline runs.
    if (given !== undefined && !given.includes('${{')) checkCompute(this.core, this.workspace, given, where);
  }

  /** Name of a datastore of the workspace. */
  datastore(given: string, where: string): string {
    const name =
      given
        .split('/')
        .pop()
        ?.replace(/^azureml:/, '') ?? '';
    if (this.core.store.get(`${this.workspace}/datastores/${name}`) !== undefined) return name;
    throw invalid(`There is no datastore '${name}' in the workspace.`, 'DatastoreNotFound', where);
  }
}

function withContent(component: PipelineComponent): Partial<PipelineComponent> {
  return {
    ...(Object.keys(component.inputs).length === 0 ? {} : { inputs: component.inputs }),
    ...(Object.keys(component.outputs).length === 0 ? {} : { outputs: component.outputs }),
  };
}

/** An input that a job was given, as a port with that as its default. */
export function givenInput(input: Json): InputPort {
  const kind = optionalText(input, 'jobInputType', 'input') ?? 'literal';
  const isLiteral = kind === 'literal';
  const value = optionalText(input, isLiteral ? 'value' : 'uri', 'input');
  return {
    type: isLiteral ? 'string' : kind,
    isOptional: false,
    ...(value === undefined ? {} : { default: value }),
  };
}

export function givenOutput(output: Json): OutputPort {
  return { type: optionalText(output, 'jobOutputType', 'output') ?? 'uri_folder' };
}

/** The version of a component that was made last: the default, for nobody can set another here. */
export function newestVersion(core: Core, container: string): string | undefined {
  const stored = core.store.get(container);
  const newest = isObject(stored) ? optionalObject(stored['properties'], 'properties')['newest'] : undefined;
  return typeof newest === 'string' ? newest : undefined;
}
