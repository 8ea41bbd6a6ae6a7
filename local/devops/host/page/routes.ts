import type { Configuration, Contribution, Person, Project } from './api';

/** What the page's address asks for, in the forms that Azure DevOps' own addresses have. */
export type Route =
  | { kind: 'hub'; contribution: Contribution }
  | { kind: 'settings'; contribution: Contribution }
  | { kind: 'run'; id: number; view: string }
  | { kind: 'runs'; definition: number | undefined }
  | { kind: 'environment'; id: number }
  | { kind: 'environments' }
  | { kind: 'commit'; repository: string; commit: string }
  | { kind: 'noProject'; name: string }
  | { kind: 'unknown'; path: string };

export function fullId({ extension }: Configuration, id: string): string {
  return `${extension.publisherId}.${extension.extensionId}.${id}`;
}

export function projectsOf({ projects }: Configuration, { id }: Person): Project[] {
  return projects.filter(({ seenBy }) => seenBy.includes(id));
}

/** Project of the address, for a person for whom it is there; else the first that is. */
export function projectOf(configuration: Configuration, person: Person, pathname: string): Project {
  const seen = projectsOf(configuration, person);
  const project = seen.find((one) => isProject(one, projectIn(pathname))) ?? seen[0];
  if (!project)
    throw new Error(`No project is there for ${person.displayName}. Open the page with ?user=NAME as somebody else.`);
  return project;
}

/** What the address says in the place of a project: nothing, a name or an id. */
function projectIn(pathname: string): string {
  return decoded(pathname.split('/').filter((part) => part !== '')[1] ?? '');
}

function isProject(project: Project, name: string): boolean {
  return [project.name, project.id].some((one) => one.toLowerCase() === name.toLowerCase());
}

export function projectPath({ organization }: Configuration, project: Project): string {
  return `/${encodeURIComponent(organization)}/${encodeURIComponent(project.name)}`;
}

export function hubPath(configuration: Configuration, project: Project, { id, place }: Contribution): string {
  const area = place === 'settings' ? '_settings' : '_apps/hub';
  return `${projectPath(configuration, project)}/${area}/${fullId(configuration, id)}`;
}

export function runPath(configuration: Configuration, project: Project, id: number): string {
  return `${projectPath(configuration, project)}/_build/results?buildId=${id}&view=results`;
}

/**
 * `/?hub=models-hub&project=vision&…` and `/` stand for the hub's own address: they are replaced by it, with the rest of the query.
 */
export function takeRoute(configuration: Configuration, person: Person): Route {
  const url = new URL(location.href);
  const named = url.searchParams.get('project') ?? '';
  if (named !== '' && projectIn(url.pathname) === '') {
    url.pathname = `/${encodeURIComponent(configuration.organization)}/${encodeURIComponent(named)}`;
    url.searchParams.delete('project');
  }
  const wantedProject = projectIn(url.pathname);
  const project = projectOf(configuration, person, url.pathname);
  if (wantedProject !== '' && !isProject(project, wantedProject)) return { kind: 'noProject', name: wantedProject };
  const hubs = configuration.contributions.filter((one) => one.place === 'hub' || one.place === 'settings');
  const wanted = url.searchParams.get('hub');
  const isRoot = url.pathname.split('/').filter((part) => part !== '').length < 3;
  if (isRoot || wanted !== null) {
    const contribution = hubs.find((one) => isNamed(configuration, one, wanted)) ?? hubs[0];
    url.searchParams.delete('hub');
    if (contribution) {
      url.pathname = hubPath(configuration, project, contribution);
      history.replaceState(null, '', url);
    }
  }
  return routeOf(configuration, url);
}

export function isNamed(configuration: Configuration, { id }: Contribution, name: string | null): boolean {
  return name !== null && [id, fullId(configuration, id)].some((one) => one.toLowerCase() === name.toLowerCase());
}

export function routeOf(configuration: Configuration, url: URL): Route {
  const [, , area = '', ...rest] = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  const unknown: Route = { kind: 'unknown', path: url.pathname };
  const number = (name: string): number | undefined => integer(url.searchParams.get(name) ?? undefined);
  const contributionAt = (id: string | undefined): Contribution | undefined =>
    configuration.contributions.find((one) => isNamed(configuration, one, id ?? null));
  switch (area) {
    case '_apps': {
      const contribution = rest[0] === 'hub' ? contributionAt(rest[1]) : undefined;
      return contribution ? { kind: 'hub', contribution } : unknown;
    }
    case '_settings': {
      const contribution = contributionAt(rest[0]);
      return contribution ? { kind: 'settings', contribution } : unknown;
    }
    case '_build': {
      const id = number('buildId');
      if (rest[0] === 'results' && id !== undefined)
        return { kind: 'run', id, view: url.searchParams.get('view') ?? '' };
      return rest[0] === undefined || rest[0] === 'definition'
        ? { kind: 'runs', definition: number('definitionId') }
        : unknown;
    }
    case '_environments': {
      const id = integer(rest[0]);
      return id === undefined ? { kind: 'environments' } : { kind: 'environment', id };
    }
    case '_git':
      return rest[1] === 'commit' && rest[2] !== undefined
        ? { kind: 'commit', repository: rest[0] ?? '', commit: rest[2] }
        : unknown;
    default:
      return unknown;
  }
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
