import type { Caller } from './caller';
import type { Collection } from './collection';
import { ServiceError } from './errors';
import type { ProjectState } from './model';
import { mayViewProject } from './permissions';
import type { Runs } from './runs';

/** A project, as an address names it. */
export interface Project {
  collection: Collection;
  runs: Runs;
}

export interface Place<P> {
  project: P;
  /** The path as the routes have it: the project's id in place of its name, without a team. */
  path: string[];
}

/**
 * Finds the project of a path behind the collection. One that names none (`_apis/…`) is of no project in particular and gets the first; but the build
 * area may be asked so too, as the service allows: then a build's number, which no two projects share, says whose it is.
 * Throws the service's 404 for a project that is not there, or not for the caller to see.
 */
export function placeOf<P extends Project>(projects: readonly [P, ...P[]], path: string[], caller: Caller): Place<P> {
  const [first] = projects;
  const apis = path.findIndex((part) => part.toLowerCase() === '_apis');
  const [area, resource, id] = path.slice(apis + 1).map((part) => part.toLowerCase());
  if (apis === 0 && area === 'build') {
    const owner = resource === 'builds' ? projects.find(({ runs }) => runs.find(Number(id)) !== undefined) : undefined;
    const project = owner ?? first;
    return { project, path: [project.collection.state.projectId, ...path] };
  }
  if (apis < 1) return { project: first, path };
  const name = path[0] ?? '';
  const project = projects.find(({ collection }) => isProject(collection.state, name));
  if (!project || !mayViewProject(project.collection, caller)) throw noProject(name);
  return { project, path: [project.collection.state.projectId, ...path.slice(apis)] };
}

/** Whether an address means this project, by name or by id. */
export function isProject({ projectId, projectName }: ProjectState, name: string): boolean {
  return [projectId, projectName.toLowerCase()].includes(name.toLowerCase());
}

export function noProject(name: string): ServiceError {
  return new ServiceError(
    404,
    'ProjectDoesNotExistWithNameException',
    `TF200016: The following project does not exist: ${name}. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server.`,
  );
}
