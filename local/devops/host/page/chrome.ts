import { h } from './dom';
import type { Host } from './host';
import { hubPath, projectPath, type Route } from './routes';

/** The frame of the page as Azure DevOps has it: the project's areas on the left, the way to here on top. */
export function navigation(host: Host, route: Route): HTMLElement {
  const { configuration, project } = host;
  const base = projectPath(configuration, project);
  const link = (label: string, href: string, isCurrent: boolean): HTMLElement =>
    h('li', {}, h('a', { href, 'aria-current': isCurrent ? 'page' : undefined }, label));
  const pages = (place: 'hub' | 'settings'): HTMLElement[] =>
    configuration.contributions
      .filter((one) => one.place === place)
      .map((one) =>
        link(one.name, hubPath(configuration, project, one), 'contribution' in route && route.contribution === one),
      );
  const group = (label: string, items: HTMLElement[]): HTMLElement =>
    h('section', { 'aria-label': label }, h('h2', {}, label), h('ul', {}, ...items));
  return h(
    'nav',
    { class: 'left', 'aria-label': 'Project' },
    h(
      'p',
      { class: 'project' },
      h('span', { class: 'tile', 'aria-hidden': 'true' }, project.name.slice(0, 1).toUpperCase()),
      project.name,
    ),
    group('Pipelines', [
      link('Runs', `${base}/_build`, route.kind === 'runs' || route.kind === 'run'),
      link('Environments', `${base}/_environments`, route.kind === 'environments' || route.kind === 'environment'),
      ...pages('hub'),
    ]),
    group('Project settings', pages('settings')),
  );
}

export function breadcrumb({ configuration, project }: Host, route: Route): HTMLElement {
  // As in the service, the project's name leads to where the project begins: here the hub.
  const start = h('a', { href: projectPath(configuration, project) }, project.name);
  const parts = [configuration.organization, start, ...placeOf(route)];
  return h(
    'nav',
    { class: 'breadcrumb', 'aria-label': 'Breadcrumb' },
    h('span', { class: 'brand' }, 'Azure DevOps stand-in'),
    h('ol', {}, ...parts.map((part) => h('li', {}, part))),
  );
}

function placeOf(route: Route): string[] {
  switch (route.kind) {
    case 'hub':
      return ['Pipelines', route.contribution.name];
    case 'settings':
      return ['Project settings', route.contribution.name];
    case 'run':
      return ['Pipelines', 'Run'];
    case 'commit':
      return ['Repos', 'Commit'];
    case 'environment':
    case 'environments':
      return ['Pipelines', 'Environments'];
    default:
      return ['Pipelines'];
  }
}
