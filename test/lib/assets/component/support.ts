import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { component } from '../../../../lib/assets/component/types';
import { registerAnonymousComponent } from '../../../../lib/assets/component/component';
import { readAssetFile } from '../../../../lib/assets/document';
import { DryRun, type PlannedUpload } from '../../../../lib/assets/dry-run';

const workspace = '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w';

/** A new folder with these files. */
export function folderOf(files: Record<string, string>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'component-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return folder;
}

/** What `component.yml` in a folder becomes when a job uses it: its specification, version and uploads. */
export async function registered(folder: string) {
  const { reader, scope } = await readAssetFile(path.join(folder, 'component.yml'), [], workspace);
  const remote = new DryRun(workspace, 'westeurope', '2024-10-01');
  const id = await registerAnonymousComponent(remote, component.read(reader, scope), 'YAML.COMPONENT');
  const last = remote.calls.at(-1);
  const body = (last && 'body' in last ? last.body : {}) as { properties: { componentSpec: Record<string, unknown> } };
  const uploads: PlannedUpload[] = remote.calls.flatMap((call) => ('upload' in call ? [call.upload] : []));
  return { version: id.split('/').at(-1), spec: body.properties.componentSpec, uploads };
}

/** The specification of a component whose file is this text. */
export async function specOf(text: string): Promise<Record<string, unknown>> {
  return (await registered(folderOf({ 'component.yml': text, 'src/a.py': 'print(1)\n' }))).spec;
}
