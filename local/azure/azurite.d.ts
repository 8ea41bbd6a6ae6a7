// Azurite ships no types for its in-process use.
declare module 'azurite/dist/src/blob/BlobConfiguration.js' {
  // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- only what is used is declared
  export default class BlobConfiguration {
    constructor(
      host: string,
      port: number,
      keepAliveTimeout: number,
      metadataDBPath: string,
      extentDBPath: string,
      persistencePathArray: { locationId: string; locationPath: string; maxConcurrency: number }[],
      enableAccessLog: boolean,
      accessLogWriteStream: undefined,
      enableDebugLog: boolean,
      debugLogFilePath: undefined,
      loose: boolean,
      skipApiVersionCheck: boolean,
      cert: string,
      key: string,
      pwd: string,
      oauth: 'basic',
      disableProductStyleUrl: boolean,
    );
  }
}

declare module 'azurite/dist/src/blob/BlobServer.js' {
  import type { Server } from 'node:http';
  import type BlobConfiguration from 'azurite/dist/src/blob/BlobConfiguration.js';

  interface AccountDataStore {
    accounts: Record<string, { name: string; key1: Buffer }>;
    refresh(): void;
  }

  /** LokiJS: saves every five seconds by itself. */
  interface IndexStore {
    db: { saveDatabase(done: (error: unknown) => void): void };
  }

  export default class BlobServer {
    constructor(configuration: BlobConfiguration);
    readonly httpServer: Server;
    readonly accountDataStore: AccountDataStore;
    readonly metadataStore: IndexStore;
    readonly extentMetadataStore: IndexStore;
    getHttpServerAddress(): string;
    start(): Promise<void>;
    close(): Promise<void>;
  }
}
