import type * as SDK from 'azure-devops-extension-sdk';
import { addressOf, fieldsOf, HostError, isFields, parametersOf, textOf } from './reading';
import { tokenSource, type TokenSource } from './token';

/** The part of Microsoft's SDK that the hub uses; tests hand in their own. */
export type Sdk = Pick<
  typeof SDK,
  | 'init'
  | 'ready'
  | 'notifyLoadSucceeded'
  | 'notifyLoadFailed'
  | 'getService'
  | 'getAccessToken'
  | 'getUser'
  | 'getWebContext'
  | 'getContributionId'
  | 'getExtensionContext'
>;

export interface Navigation {
  queryParams(): Promise<Record<string, string>>;
  /** Sets parameters of the browser's address; an empty text removes one. Adds no entry to the browser's history. */
  setQueryParams(params: Record<string, string>): Promise<void>;
  setDocumentTitle(title: string): Promise<void>;
  /** Reloads the whole page of Azure DevOps. */
  reload(): Promise<void>;
}

/** The page of Azure DevOps around us, checked: who looks, at which organization and project, and what can be asked of it. */
export interface Host {
  /** `https://dev.azure.com/fabrikam/`: with a trailing slash, also for collections of a server. */
  organization: string;
  project: { id: string; name: string };
  user: { id: string; displayName: string; uniqueName: string; descriptor: string };
  /** Contribution that this page is: `publisher.extension.models-hub`. */
  contributionId: string;
  /** Contribution of the page with the models, for links from the other pages. */
  hubId: string;
  token: TokenSource;
  navigation: Navigation;
  /** A short message at the bottom of Azure DevOps' own page. */
  toast(message: string): Promise<void>;
  /** Base address of another resource area, trailing slash: some areas live on another host. */
  areaLocation(areaId: string): Promise<string>;
  /** Id of the run whose page we are a tab of; only there. */
  runId(): Promise<number>;
}

const services = {
  location: 'ms.vss-features.location-service',
  pageData: 'ms.vss-tfs-web.tfs-page-data-service',
  navigation: 'ms.vss-features.host-navigation-service',
  messages: 'ms.vss-tfs-web.tfs-global-messages-service',
  buildPage: 'ms.vss-build-web.build-page-data-service',
} as const;

/** Resource area of builds: its address is the organization's, on the host that answers for pipelines. */
const buildArea = '965220d5-5bb9-42cf-8d67-9b146df2a5a4';

type Service = Readonly<Record<string, (...args: unknown[]) => unknown>>;

export const hostTimeoutMs = 10_000;

/** Connects to the host frame. Fails with a sentence when nothing answers in time: then we are not inside Azure DevOps, or it is broken. */
export async function connectHost(sdk: Sdk, timeoutMs = hostTimeoutMs): Promise<Host> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const seconds = Math.round(timeoutMs / 1000);
    timer = setTimeout(() => {
      reject(
        new HostError(
          `Azure DevOps did not answer within ${seconds} seconds. This page works only inside Azure DevOps.`,
        ),
      );
    }, timeoutMs);
  });
  try {
    return await Promise.race([connect(sdk), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function connect(sdk: Sdk): Promise<Host> {
  await sdk.init({ loaded: false, applyTheme: true });
  await sdk.ready();
  const areaLocation = async (areaId: string): Promise<string> =>
    addressOf(await call(sdk, services.location, 'getResourceAreaLocation', areaId), 'the organization’s address');
  const [organization, project] = await Promise.all([areaLocation(buildArea), projectOf(sdk)]);
  const user = fieldsOf(sdk.getUser(), 'who the user is');
  return {
    organization,
    project,
    user: {
      id: textOf(user['id'], 'the user’s id'),
      displayName: textOf(user['displayName'] ?? user['name'], 'the user’s name'),
      uniqueName: typeof user['name'] === 'string' ? user['name'] : '',
      descriptor: typeof user['descriptor'] === 'string' ? user['descriptor'] : '',
    },
    contributionId: sdk.getContributionId(),
    hubId: `${sdk.getExtensionContext().id}.models-hub`,
    token: tokenSource(() => sdk.getAccessToken()),
    navigation: navigationOf(sdk),
    toast: async (message) => {
      await call(sdk, services.messages, 'addToast', { duration: 5000, message });
    },
    areaLocation,
    runId: async () => {
      const page = fieldsOf(await call(sdk, services.buildPage, 'getBuildPageData'), 'which run this is');
      const id = fieldsOf(page['build'], 'which run this is')['id'];
      if (!Number.isSafeInteger(id)) throw new HostError('Azure DevOps answered which run this is without its id.');
      return Number(id);
    },
  };
}

/** From the page's data; older pages put it into the handshake only. */
async function projectOf(sdk: Sdk): Promise<{ id: string; name: string }> {
  const asked: unknown = await call(sdk, services.pageData, 'getProject');
  const project = isFields(asked) ? asked : fieldsOf(sdk.getWebContext().project, 'which project this is');
  return { id: textOf(project['id'], 'the project’s id'), name: textOf(project['name'], 'the project’s name') };
}

function navigationOf(sdk: Sdk): Navigation {
  const navigate = (method: string, ...args: unknown[]): Promise<unknown> =>
    call(sdk, services.navigation, method, ...args);
  return {
    queryParams: async () => parametersOf(await navigate('getQueryParams'), 'the page’s address'),
    setQueryParams: async (params) => {
      await navigate('setQueryParams', params);
    },
    setDocumentTitle: async (title) => {
      await navigate('setDocumentTitle', title);
    },
    reload: async () => {
      await navigate('reload');
    },
  };
}

async function call(sdk: Sdk, id: string, method: string, ...args: unknown[]): Promise<unknown> {
  const service = await sdk.getService<Service>(id);
  const found = service[method];
  if (typeof found !== 'function') throw new HostError(`This page of Azure DevOps does not offer "${method}".`);
  return found.apply(service, args);
}
