import { button, h } from './dom';
import type { Project } from './api';
import type { Host } from './host';
import { projectsOf } from './routes';
import { faults, type Settings } from './settings';
import { themeNames } from './themes';

/** What the person who tries the extension may switch; each is also in the page's address: the project in its path, the others as parameters. */
export interface ControlsOptions {
  host: Host;
  change: (name: keyof Settings, value: string) => void;
  goTo: (project: Project) => void;
}

const faultLabels: Record<string, string> = {
  '401': '401: token not accepted',
  '403': '403: person may not',
  scope: 'scope missing',
  '409': '409: changed by somebody else',
  '429': '429: rate limit',
  '500': '500: service fails',
  cors: 'answer not readable (CORS)',
  lost: 'carried out, answer lost',
  hang: 'no answer',
  offline: 'offline',
};
const themeLabels = { light: 'Light', dark: 'Dark', contrast: 'High contrast' };

/** User, project and theme stand open; what goes wrong lies behind a button. */
export function controls({ host, change, goTo }: ControlsOptions): HTMLElement {
  const { configuration, settings } = host;
  const choice = (name: keyof Settings, label: string, values: [string, string][]): HTMLElement => {
    const select = h(
      'select',
      { name },
      ...values.map(([value, text]) => h('option', { value, selected: value === settings[name] }, text)),
    );
    select.addEventListener('change', () => change(name, select.value));
    return h('label', {}, label, select);
  };
  const field = (name: keyof Settings, label: string, attributes: Record<string, string>): HTMLElement => {
    const input = h('input', { name, value: settings[name], ...attributes });
    input.addEventListener('change', () => change(name, input.value));
    return h('label', {}, label, input);
  };
  const people: [string, string][] = configuration.users.map((one) => [
    one.shortName,
    [one.displayName, one.groups.filter(isOf(host)).map(withoutScope).filter(isTelling).join(', ')]
      .filter((part) => part !== '')
      .join(': '),
  ]);
  const more = h(
    'div',
    { class: 'more', id: 'service-controls', hidden: settings.fault === '' && settings.latency === '0' },
    field('latency', 'Latency (ms)', { type: 'number', min: '0', max: '60000', step: '50' }),
    choice('fault', 'Fault', [['', 'none'], ...faults.map((one): [string, string] => [one, faultLabels[one] ?? one])]),
    field('match', 'of requests matching', { type: 'text', placeholder: 'all', size: '14' }),
    choice('headers', 'Headers shown to pages', [
      ['off', 'as recorded'],
      ['on', 'paging and rate limit too'],
    ]),
    choice('handshake', 'Handshake', [
      ['current', 'current'],
      ['legacy', 'legacy'],
    ]),
  );
  const toggle = button(
    'Service…',
    () => {
      more.hidden = !more.hidden;
      toggle.setAttribute('aria-expanded', String(!more.hidden));
    },
    { 'aria-controls': 'service-controls', 'aria-expanded': String(!more.hidden) },
  );
  return h(
    'div',
    { class: 'controls', role: 'region', 'aria-label': 'Stand-in controls' },
    choice('user', 'Signed in as', people),
    projectChoice(host, goTo),
    choice(
      'theme',
      'Theme',
      themeNames.map((one): [string, string] => [one, themeLabels[one]]),
    ),
    toggle,
    more,
  );
}

/** The projects that are there for who is signed in. */
function projectChoice({ configuration, person, project }: Host, goTo: (project: Project) => void): HTMLElement {
  const projects = projectsOf(configuration, person);
  const options = projects.map(({ id, name }) => h('option', { value: name, selected: id === project.id }, name));
  const select = h('select', { name: 'project' }, ...options);
  select.addEventListener('change', () => {
    const chosen = projects.find(({ name }) => name === select.value);
    if (chosen) goTo(chosen);
  });
  return h('label', {}, 'Project', select);
}

/** Groups of the project and of the organisation; those of other projects say nothing here. */
function isOf({ configuration, project }: Host): (group: string) => boolean {
  const scopes = [project.name, configuration.organization].map((name) => `[${name}]\\`);
  return (group) => scopes.some((scope) => group.startsWith(scope));
}

/** Everybody is a valid user, and most are in the default team. */
function isTelling(group: string): boolean {
  return !/^(Project Valid Users|Contributors|.* Team)$/.test(group);
}

function withoutScope(group: string): string {
  return group.replace(/^\[[^\]]*\]\\/, '');
}
