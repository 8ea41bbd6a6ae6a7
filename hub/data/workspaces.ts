import { workspaceOf } from '../../lib/evidence/index-entry';
import type { ModelVersion, Run, Serving } from './types';

/**
 * Names and versions of models are unique in one workspace only. Here is what tells models of one name apart: a registration and
 * an ARM id name the workspace, and so does an entry of a deployment unless it is old; an entry of an image does not.
 */
export type Homes = ReadonlyMap<string, readonly Home[]>;

/** A workspace that has a model of a name, and the folders of the pipelines that registered it there. */
interface Home {
  workspace: string;
  folders: ReadonlySet<string>;
}

/** Something that was made of a model, by a step that names no workspace. */
export interface Made {
  model?: string;
  run: Pick<Run, 'pipeline'>;
  /** The model's own, where the step names it. */
  workspace?: string;
  /** ARM id of where it was deployed to. */
  place?: string;
}

/** Where the models of each name are, as far as registrations were read. */
export function homesOf(versions: readonly Pick<ModelVersion, 'model' | 'run' | 'registration'>[]): Homes {
  const homes = new Map<string, { workspace: string; folders: Set<string> }[]>();
  for (const { model, run, registration } of versions) {
    const known = homes.get(model) ?? [];
    const home = known.find(({ workspace }) => isSameWorkspace(workspace, registration.workspace));
    if (home === undefined) known.push({ workspace: registration.workspace, folders: new Set([run.pipeline.folder]) });
    else home.folders.add(run.pipeline.folder);
    homes.set(model, known);
  }
  return homes;
}

/**
 * The workspaces whose model it may be of: the one that the step names, whether or not registrations there were read; the
 * endpoint's own where that has a model of the name, for an endpoint may also serve one of a registry; else those that pipelines
 * of the same folder register in; else all that have one.
 */
export function workspacesOf(homes: Homes, { model = '', run, workspace, place }: Made): string[] {
  const all = homes.get(model) ?? [];
  if (workspace !== undefined)
    return [all.find((home) => isSameWorkspace(home.workspace, workspace))?.workspace ?? workspace];
  const named = workspaceOf(place);
  const own = all.filter(({ workspace }) => named !== undefined && isSameWorkspace(workspace, named));
  const near = own.length > 0 ? own : all.filter(({ folders }) => folders.has(run.pipeline.folder));
  return (near.length > 0 ? near : all).map(({ workspace }) => workspace);
}

/** The one that has to be named beside the model's name, for others have a model of it too; `undefined` also where nothing tells. */
export function workspaceAmong(homes: Homes, made: Made): string | undefined {
  const [workspace, other] = workspacesOf(homes, made);
  const isElsewhere = (homes.get(made.model ?? '') ?? []).some((home) => home.workspace !== workspace);
  if (!isElsewhere) return undefined;
  return other === undefined ? workspace : undefined;
}

export function isAmbiguous(homes: Homes, model = ''): boolean {
  return (homes.get(model)?.length ?? 0) > 1;
}

/** What serves, as something that was made of a model. */
export function madeOf({ model, where, event }: Pick<Serving, 'model' | 'where' | 'event'>): Made {
  return { model, workspace: event.entry.workspace, place: where, run: event.run };
}

/** What names a version in an address, everywhere: with the workspace, where its ARM id tells that. */
export function versionParams({ name, version, id }: { name: string; version: string; id?: string }): {
  model: string;
  version: string;
  workspace?: string;
} {
  return { model: name, version, workspace: workspaceOf(id) };
}

/** Azure knows no case in names of workspaces. */
export function isSameWorkspace(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
