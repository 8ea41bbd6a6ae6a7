import { isObject } from '../../../shape';
import { isCallable, webAddress } from '../dom';
import type { Host } from '../host';
import { projectPath, routeOf } from '../routes';

/** The address of the host's page, as far as the extension may see and change it. */
export function navigation({ configuration, project }: Host): object {
  return {
    getHash: () => window.location.hash.replace(/^#/, ''),
    setHash: (hash: unknown) => {
      window.location.hash = String(hash);
    },
    replaceHash: (hash: unknown) => {
      const url = new URL(window.location.href);
      url.hash = String(hash);
      history.replaceState(null, '', url);
    },
    onHashChanged: (callback: unknown) => {
      if (!isCallable(callback)) return;
      // Nobody waits for the answer: an iframe that is gone never gives one.
      window.addEventListener('hashchange', () => void callback(window.location.hash.replace(/^#/, '')));
    },
    getQueryParams: () => Object.fromEntries(new URLSearchParams(window.location.search)),
    setQueryParams: (parameters: unknown) => {
      const url = new URL(window.location.href);
      for (const [name, value] of Object.entries(isObject(parameters) ? parameters : {})) {
        if (value === '' || value === null || value === undefined) url.searchParams.delete(name);
        else url.searchParams.set(name, typeof value === 'string' ? value : JSON.stringify(value));
      }
      history.replaceState(null, '', url);
    },
    getPageRoute: () => {
      const { kind } = routeOf(configuration, new URL(window.location.href));
      return { id: `ms.vss-${kind}-route`, routeValues: { project: project.name } };
    },
    getPageNavigationElements: () => [
      {
        id: project.id,
        name: project.name,
        type: 'project',
        url: `${window.location.origin}${projectPath(configuration, project)}`,
        target: 'page',
      },
    ],
    navigate: (address: unknown) => window.location.assign(web(address)),
    openNewWindow: (address: unknown, features: unknown) => {
      window.open(web(address), '_blank', typeof features === 'string' ? features : '');
    },
    reload: () => window.location.reload(),
    setDocumentTitle: (title: unknown) => {
      document.title = String(title);
    },
  };
}

function web(address: unknown): string {
  const url = webAddress(String(address));
  if (url === undefined) throw new Error(`'${String(address)}' is not an address of the web.`);
  return url;
}
