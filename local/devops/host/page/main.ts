import { Api, type Project } from './api';
import { breadcrumb, navigation } from './chrome';
import { controls } from './controls';
import { byId } from './dom';
import { ExtensionFrame } from './frame';
import type { Host } from './host';
import { openLayer } from './layers';
import { otherPage } from './other-pages';
import { hubPath, projectOf, projectPath, takeRoute, type Route } from './routes';
import { runPage } from './run-page';
import { behaviourOf, keepSetting, personOf, saysBehaviour, takeSettings, type Settings } from './settings';
import { themes, type ThemeName } from './themes';
import { problem, refused } from './view';

/** Builds the page that its address asks for. */
async function start(): Promise<void> {
  const api = await Api.open();
  const settings = takeSettings();
  applyTheme(settings.theme);
  const configuration = await api.configuration();
  const person = personOf(configuration, settings);
  const route = takeRoute(configuration, person);
  const host: Host = {
    api,
    configuration,
    settings,
    person,
    project: projectOf(configuration, person, location.pathname),
    openLayer: (contribution, layer) => openLayer(host, contribution, layer),
  };
  settings.user = person.shortName;
  byId('left').replaceChildren(navigation(host, route));
  const shown: { frame?: ExtensionFrame } = {};
  const change = (name: keyof Settings, value: string): void => {
    keepSetting(name, value);
    if (name !== 'theme') {
      // A page of somebody else, or of another service, begins anew.
      location.reload();
      return;
    }
    settings.theme = value === 'dark' || value === 'contrast' ? value : 'light';
    applyTheme(settings.theme);
    shown.frame?.setTheme(settings.theme);
  };
  const goTo = (project: Project): void => {
    // The same page there, without what the query says of this project.
    const isOfAll = route.kind === 'hub' || route.kind === 'settings';
    location.assign(
      isOfAll ? hubPath(configuration, project, route.contribution) : projectPath(configuration, project),
    );
  };
  const switches = controls({ host, change, goTo });
  byId('top').replaceChildren(breadcrumb(host, route), switches);
  if (saysBehaviour())
    await api.behave(behaviourOf(settings)).catch((error: unknown) => switches.append(refused(error)));
  shown.frame = await show(host, route);
}

/** Not a link: the fragment of the address is the extension's. */
byId('skip').addEventListener('click', () => byId('main').focus());

async function show(host: Host, route: Route): Promise<ExtensionFrame | undefined> {
  const main = byId('main');
  main.replaceChildren();
  try {
    if (route.kind === 'hub' || route.kind === 'settings') {
      document.title = route.contribution.name;
      return new ExtensionFrame(host, route.contribution, main);
    }
    if (route.kind === 'run') return await runPage(host, route.id, route.view, main);
    await otherPage(host, route, main);
  } catch (error) {
    main.append(problem(error));
  }
  return undefined;
}

function applyTheme(theme: ThemeName): void {
  const { style, dataset } = document.documentElement;
  for (const [name, value] of Object.entries(themes[theme])) style.setProperty(`--${name}`, value);
  style.colorScheme = theme === 'light' ? 'light' : 'dark';
  dataset.theme = theme;
}

start().catch((error: unknown) => {
  // The address with the key, opened over this page, only changes the fragment.
  window.addEventListener('hashchange', () => location.reload());
  byId('main').replaceChildren(problem(error));
});
