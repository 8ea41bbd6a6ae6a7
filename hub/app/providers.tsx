import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createContext, useContext, useMemo, type ReactNode } from 'react';
import { DataProvider } from '../data/context';
import type { ClientOptions } from '../devops/client';
import type { Connection } from '../devops/connection';
import type { Host } from './host';
import { UrlContext, type UrlStore } from './url-state';

const HostContext = createContext<Host | undefined>(undefined);

/** The page of Azure DevOps around us. */
export function useHost(): Host {
  const host = useContext(HostContext);
  if (host === undefined) throw new Error('useHost needs the providers of the hub around it.');
  return host;
}

/** Requests go to the viewer's organization and project, in the viewer's name. */
function connectionOf({ organization, project, user, token }: Host): Connection {
  return { organization, project: project.id, userId: user.id, userName: user.uniqueName, token };
}

export function createQueryClient(): QueryClient {
  // The client below the queries repeats what may be repeated; a second layer would only make failures slow.
  return new QueryClient({
    defaultOptions: {
      queries: { staleTime: 30_000, retry: false, refetchOnWindowFocus: false, networkMode: 'always' },
    },
  });
}

export interface ProvidersProps {
  host: Host;
  url: UrlStore;
  queries: QueryClient;
  /** For tests: another `fetch`, no pauses. */
  client?: ClientOptions;
  children: ReactNode;
}

/** No React.StrictMode: its second mount makes the library's observers lose their subscription. */
export function Providers({ host, url, queries, client, children }: ProvidersProps) {
  const connection = useMemo(() => connectionOf(host), [host]);
  return (
    <HostContext.Provider value={host}>
      <UrlContext.Provider value={url}>
        <QueryClientProvider client={queries}>
          <DataProvider connection={connection} options={client}>
            {children}
          </DataProvider>
        </QueryClientProvider>
      </UrlContext.Provider>
    </HostContext.Provider>
  );
}
