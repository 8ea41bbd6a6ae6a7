import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import type { Agent as ConnectionPool } from 'node:http';
import * as tl from 'azure-pipelines-task-lib/task';
import { TaskError } from '../agent/errors';
import { isBelow, realPath } from '../assets/project';

/** Proxy and certificates as the agent was configured with (`config.sh --proxyurl`, `--sslcacert`). */
export interface Network {
  /** Certificate authorities, PEM: Node's own and the agent's; absent when the agent names none. */
  readonly ca?: string[];
  /** The https agent for a URL: through the proxy unless the URL is bypassed. */
  agentFor(url: string): Promise<ConnectionPool | undefined>;
  /** Keeps libraries that read a proxy from the environment away from it for the metadata service. */
  prepareEnvironment(): void;
}

/** Addresses that never go through a proxy: metadata service, platform address, this machine. */
const direct = ['169.254.169.254', '168.63.129.16', '127.0.0.1', 'localhost', '::1'];

export function readNetwork(): Network {
  const own = readCertificate();
  const ca = own === undefined ? undefined : [...systemCertificates(), own];
  const agents = new Map<string, ConnectionPool>();
  return {
    ca,
    async agentFor(url) {
      const proxy = proxyFor(url);
      const key = proxy ?? '';
      const known = agents.get(key);
      if (known) return known;
      const created = await createAgent(proxy, ca);
      agents.set(key, created);
      return created;
    },
    prepareEnvironment() {
      process.env['NO_PROXY'] = [process.env['NO_PROXY'] ?? process.env['no_proxy'], ...direct]
        .filter(Boolean)
        .join(',');
    },
  };
}

async function createAgent(proxy: string | undefined, ca: string[] | undefined): Promise<ConnectionPool> {
  const { Agent } = await import('node:https');
  const trusted = ca ? { ca } : {};
  if (!proxy) return new Agent({ keepAlive: true, lookup: lookUp, ...trusted });
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  const agent = new HttpsProxyAgent(proxy, { keepAlive: true, ...trusted });
  // Its constructor keeps the options of the way to the proxy only; these are for the TLS inside the tunnel.
  Object.assign(agent.options, trusted);
  return agent;
}

type Found = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** Names below `localhost` are this machine (RFC 6761, 6.3); not every system's resolver knows. */
function lookUp(hostname: string, options: LookupOptions, found: Found): void {
  if (!isLocal(hostname)) lookup(hostname, options, found);
  else if (options.all === true) found(null, [{ address: '127.0.0.1', family: 4 }]);
  else found(null, '127.0.0.1', 4);
}

function isLocal(hostname: string): boolean {
  return /\.localhost$/i.test(hostname);
}

/** What Node trusts, because a list of one's own replaces it. */
function systemCertificates(): readonly string[] {
  const extra = process.env['NODE_EXTRA_CA_CERTS'];
  return extra ? [...rootCertificates, readFileSync(extra, 'utf8')] : rootCertificates;
}

function proxyFor(url: string): string | undefined {
  const { hostname } = new URL(url);
  if (direct.includes(hostname)) return undefined;
  const configuration = tl.getHttpProxyConfiguration(url);
  if (configuration) {
    const { proxyUrl, proxyUsername, proxyPassword } = configuration;
    if (!proxyUsername) return proxyUrl;
    // task-lib joins them as they are; names and passwords may hold any character.
    const address = new URL(proxyUrl);
    address.username = encodeURIComponent(proxyUsername);
    address.password = encodeURIComponent(proxyPassword ?? '');
    return address.href;
  }
  const fromEnvironment = process.env['HTTPS_PROXY'] ?? process.env['https_proxy'];
  return fromEnvironment && !bypassed(hostname) ? fromEnvironment : undefined;
}

function bypassed(hostname: string): boolean {
  const list = (process.env['NO_PROXY'] ?? process.env['no_proxy'] ?? '').split(',').map((entry) => entry.trim());
  return list.some(
    (entry) =>
      entry === '*' || hostname === entry || (entry !== '' && hostname.endsWith(`.${entry.replace(/^\*?\./, '')}`)),
  );
}

function readCertificate(): string | undefined {
  const file = tl.getVariable('Agent.CAInfo');
  if (!file) return undefined;
  refuseWorkFile(file);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new TaskError(
      `The agent's certificate file ${file} (Agent.CAInfo) cannot be read.`,
      'Correct --sslcacert of the agent.',
      { cause: error },
    );
  }
}

/**
 * Where the agent has no certificate of its own, any line of a step's output can set Agent.CAInfo: the agent guards only variables
 * that are there (Variables.IsReadOnly). What a step of the job may have written is therefore no certificate of the agent's.
 */
function refuseWorkFile(file: string): void {
  const real = realPath(file) ?? file;
  const folders = ['Agent.WorkFolder', 'Agent.TempDirectory', 'Pipeline.Workspace', 'System.DefaultWorkingDirectory'];
  const inside = folders
    .map((name) => tl.getVariable(name))
    .find((folder) => folder && isBelow(realPath(folder) ?? folder, real));
  if (inside === undefined) return;
  throw new TaskError(
    `The certificate file ${file} (Agent.CAInfo) lies in ${inside}, where steps of a job write: it is not the agent's own.`,
    'Find the step that sets Agent.CAInfo, or keep the certificate of --sslcacert outside the work folder.',
  );
}
