import { createContext, createElement, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { createClient, type Client, type ClientOptions } from '../devops/client';
import type { Connection } from '../devops/connection';

const ClientContext = createContext<Client | undefined>(undefined);

export interface DataProviderProps {
  connection: Connection;
  /** For tests and hosts with limits of their own. */
  options?: ClientOptions;
  children: ReactNode;
}

/** Gives the hooks of this folder their client. Stands inside a `QueryClientProvider`, one for each connection. */
export function DataProvider({ connection, options, children }: DataProviderProps): ReactNode {
  const client = useMemo(() => createClient(connection, options), [connection, options]);
  return createElement(ClientContext.Provider, { value: client }, children);
}

export function useClient(): Client {
  const client = useContext(ClientContext);
  if (client === undefined) throw new Error('Hooks that read data need a DataProvider around them.');
  return client;
}

/** Until when the service lets us wait, while it does. */
export function useThrottled(): Date | undefined {
  const { throttle } = useClient();
  const [until, setUntil] = useState(throttle.until);
  useEffect(() => throttle.subscribe(() => setUntil(throttle.until())), [throttle]);
  return useMemo(() => (until === undefined ? undefined : new Date(until)), [until]);
}
