import './setup';
import { QueryClient } from '@tanstack/react-query';
import { cleanup, configure, render, type RenderResult } from '@testing-library/react';
import userEvent, { type UserEvent } from '@testing-library/user-event';
import { afterEach } from 'mocha';
import type { ReactNode } from 'react';
import type { Host } from '../../hub/app/host';
import { Providers } from '../../hub/app/providers';
import type { ClientOptions } from '../../hub/devops/client';
import { UrlStore, type UrlParams } from '../../hub/app/url-state';

// The whole document behind each "not found" hides what was looked for.
configure({ getElementError: (message) => new Error(message ?? 'No such element.') });

afterEach(() => {
  cleanup();
});

/** What the hub asked of the host page, in order. */
export interface FakeHost extends Host {
  asked: { toasts: string[]; titles: string[]; queries: Record<string, string>[]; reloads: number };
}

export function fakeHost(changes: Partial<Host> = {}): FakeHost {
  const asked: FakeHost['asked'] = { toasts: [], titles: [], queries: [], reloads: 0 };
  return {
    organization: 'https://dev.azure.com/fabrikam/',
    project: { id: '11111111-1111-1111-1111-111111111111', name: 'Churn' },
    user: {
      id: '22222222-2222-2222-2222-222222222222',
      displayName: 'Ana Li',
      uniqueName: 'ana@fabrikam.test',
      descriptor: 'aad.YW5h',
    },
    contributionId: 'mlops-azure-ml.mlops-azure-ml.models-hub',
    hubId: 'mlops-azure-ml.mlops-azure-ml.models-hub',
    token: () => Promise.resolve('token-of-ana'),
    navigation: {
      queryParams: () => Promise.resolve({}),
      setQueryParams: (params) => note(() => asked.queries.push(params)),
      setDocumentTitle: (title) => note(() => asked.titles.push(title)),
      reload: () => note(() => (asked.reloads += 1)),
    },
    toast: (message) => note(() => asked.toasts.push(message)),
    areaLocation: () => Promise.resolve('https://dev.azure.com/fabrikam/'),
    runId: () => Promise.resolve(812),
    asked,
    ...changes,
  };
}

function note(write: () => unknown): Promise<void> {
  write();
  return Promise.resolve();
}

export interface RenderOptions {
  host?: FakeHost;
  /** Query parameters of the address. */
  params?: UrlParams;
  queries?: QueryClient;
  /** The typed client's collaborators: a `fetch` of the test. */
  client?: ClientOptions;
}

export interface Rendered extends RenderResult {
  host: FakeHost;
  url: UrlStore;
  user: UserEvent;
  queries: QueryClient;
}

/** Renders a part of the hub inside its providers, with a host that answers at once and queries that are not tried again. */
export function renderHub(ui: ReactNode, options: RenderOptions = {}): Rendered {
  const { host = fakeHost(), params = {} } = options;
  const queries =
    options.queries ??
    new QueryClient({
      defaultOptions: { queries: { retry: false, gcTime: Infinity }, mutations: { gcTime: Infinity } },
    });
  const url = new UrlStore(params, host.navigation);
  const result = render(
    <Providers host={host} url={url} queries={queries} client={options.client}>
      {ui}
    </Providers>,
  );
  return { ...result, host, url, queries, user: userEvent.setup({ document }) };
}

/** A test in which a boundary catches something on purpose: React tells the console whatever happens. */
export function quietly(test: () => Promise<void>): () => Promise<void> {
  return async () => {
    const write = Reflect.get(console, 'error');
    Reflect.set(console, 'error', () => undefined);
    try {
      await test();
    } finally {
      Reflect.set(console, 'error', write);
    }
  };
}
