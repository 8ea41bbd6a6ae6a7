import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';

/** Who calls: the claims of a checked token. */
export interface Caller {
  /** Object id of the principal. */
  objectId: string;
  /** Client id (appid) of the principal. */
  clientId: string;
  tenantId: string;
  audience: string;
  /** Task on whose behalf the token was asked, when the agent ran one: narrows what the caller may do. */
  task?: string;
}

/** One request, checked and matched to a route. */
export interface Call {
  method: string;
  url: URL;
  /** Values of the `{names}` in the route's path, decoded. `{name+}` matches the rest of the path with slashes. */
  params: Record<string, string>;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** The whole body, read once. */
  body: Buffer;
  /** The body as JSON; answers 400 InvalidRequestContent when it is not. */
  json(): unknown;
  caller: Caller;
}

/** An answer. Objects are sent as JSON, strings and buffers as they are with `headers['content-type']`. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
  /** Instead of a body. */
  stream?: Readable;
}

export interface Route {
  method: 'GET' | 'HEAD' | 'PUT' | 'PATCH' | 'POST' | 'DELETE' | 'OPTIONS';
  /** Path template, matched ignoring case: `/subscriptions/{subscription}/resourceGroups/{group}/…`. */
  path: string;
  /**
   * Which token is needed: `arm` (audience of Resource Manager; authorised by action), `ml` (ARM or Machine Learning audience),
   * `none` (the route checks by itself: SAS, endpoint keys, registry tokens, Kubernetes).
   */
  token: 'arm' | 'ml' | 'none';
  /**
   * The Azure action (or data action) the caller needs; for `arm` routes derived from method and path when absent. Empty: none.
   */
  action?: string;
  handle(call: Call): Answer | Promise<Answer>;
}

/** A route of Azure Resource Manager whose action follows from method and path. */
export function armRoute(method: Route['method'], path: string, handle: Route['handle']): Route {
  return { method, path, token: 'arm', handle };
}

/** A part of Azure: routes plus what must start and stop with it. */
export interface Service {
  routes: Route[];
  start?(): Promise<void>;
  stop?(): Promise<void>;
}

/** What the core (server.ts) lends to each service. */
export interface Core {
  /** `https://localhost:PORT`, no trailing slash. */
  readonly url: string;
  readonly subscriptionId: string;
  readonly tenantId: string;
  readonly location: string;
  /** Folder of this service's own files, kept across restarts. */
  folder(name: string): string;
  /** CA certificate (PEM) and a bundle of it with the system's public CAs (for Python and Go clients). */
  readonly caFile: string;
  readonly caBundleFile: string;
  /** Small JSON documents, kept across restarts. */
  readonly store: Store;
  /** Blob storage: accounts, containers, SAS. */
  readonly blobs: Blobs;
  /** Signs a token of this tenant (RS256) for an audience, in the form of the real issuer. */
  mintToken(claims: {
    objectId: string;
    clientId: string;
    audience: string;
    task?: string;
    lifetimeSeconds?: number;
  }): string;
  /** Claims of a token this core signed, or `undefined` when it is not one, or expired. */
  verifyToken(token: string): Caller | undefined;
  /** Whether a caller may do an Azure action on an ARM id: for routes that check their caller themselves. */
  allows(caller: Caller, action: string, scope: string): boolean;
  /** The workspace's own identity: what its jobs and endpoints act with. */
  readonly workspaceIdentity: { objectId: string; clientId: string };
  /** Starts a long-running operation and gives its ARM headers and status document (see operations.ts). */
  readonly operations: Operations;
  /** A line in the stand-in's own log. */
  log(text: string): void;
}

export interface Store {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  delete(key: string): void;
  /** Keys that start with the prefix, sorted. Keys are compared ignoring case, as ARM ids are. */
  keys(prefix: string): string[];
}

export interface Blobs {
  /** Storage account of the workspace, and its URL as clients must use it (path style, or `https://account.blob.…` where that resolves). */
  readonly account: string;
  /** `core.localhost:PORT`: the `endpoint` of a datastore. */
  readonly endpointSuffix: string;
  /** URL of a container (`https://…/container`), created when missing. */
  containerUrl(container: string): Promise<string>;
  /** The URL of a blob or container with a SAS for `permissions` (`r`, `cw`, `racwdl` …), one hour. */
  sasUrl(container: string, blob: string | undefined, permissions: string): Promise<string>;
  write(container: string, blob: string, content: Buffer, contentType?: string): Promise<void>;
  /** Appends to an append blob, created when missing. */
  append(container: string, blob: string, content: Buffer): Promise<void>;
  setMetadata(container: string, blob: string, metadata: Record<string, string>): Promise<void>;
  read(container: string, blob: string): Promise<Buffer>;
  exists(container: string, blob: string): Promise<boolean>;
  list(container: string, prefix: string): Promise<{ name: string; size: number; modified: string }[]>;
  /** Downloads every blob below a prefix into a folder. */
  download(container: string, prefix: string, folder: string): Promise<void>;
  /** Uploads a folder below a prefix. */
  upload(folder: string, container: string, prefix: string): Promise<void>;
  /** Container and blob of one of this account's URLs (SAS or not), or `undefined`. */
  parse(url: string): { container: string; blob: string } | undefined;
}

export interface Operations {
  /**
   * Runs `work` in the background as operation `kind` (`oe`, `od`, …). Returns what the first answer needs.
   * `work` rejects with an `ArmFault` to fail the operation with that error. `runningStatus` is what the status document
   * says meanwhile: `Creating` (default), `Updating`, `Deleting`, `InProgress`.
   */
  start(
    kind: string,
    resourceUrl: string,
    work: (report: (percent: number) => void) => Promise<void>,
    runningStatus?: string,
  ): StartedOperation;
}

export interface StartedOperation {
  id: string;
  /** `…/mfeOperationsStatus/{kind}:{id}`: the value of Azure-AsyncOperation. */
  asyncOperationUrl: string;
  /** `…/mfeOperationResults/{kind}:{id}`: the value of Location for PATCH and DELETE. */
  resultUrl: string;
}

/** An error as ARM words it; thrown by handlers, turned into the envelope by the server. */
export class ArmFault extends Error {
  override readonly name = 'ArmFault';
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly more: {
      details?: { code: string; message: string }[];
      target?: string;
      headers?: Record<string, string>;
    } = {},
  ) {
    super(message);
  }
}
