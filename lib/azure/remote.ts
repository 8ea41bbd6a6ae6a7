import type { Agent } from '../agent/agent';
import type { PutOptions, Remote, Upload } from '../assets/remote';
import { at, textAt } from '../agent/json';
import { TaskError } from '../agent/errors';
import { audibleWork, waitFor, type Probe } from '../agent/poll';
import { isOnItsWay } from '../assets/reconcile/state';
import { atItsPlace, markedFile } from '../assets/folder';
import type { Arm } from './arm';
import type { Azure } from './azure';
import { blobHead, blobUrl, protectSas, splitQuery, type BlobTarget } from './blob';
import { AzureError } from './errors';
import { uploadFiles } from './upload';
import { mlApiVersion } from './workspace';

/** The longest that a resource may take to be made, unless a task says otherwise: image builds are not among them. */
const usualTimeoutMs = 30 * 60_000;

/** The workspace of a task as the place where translated files go. */
export function azureRemote(azure: Azure, agent: Agent, timeoutMs = usualTimeoutMs): Remote {
  const results = new Map<string, Promise<unknown>>();
  const made: string[] = [];
  return {
    made,
    workspaceId: azure.workspace.id,
    location: azure.workspace.location,
    get: (path) => azure.arm.getIfExists(path, mlApiVersion),
    async put(path, body, options) {
      const words = wordsFor(path);
      let place: number | undefined;
      const accepted = (): void => void (place = made.push(acceptedText(words)) - 1);
      try {
        const answer = await putResource(azure.arm, path, body, { ...options, timeoutMs, accepted });
        if (place !== undefined) made[place] = words;
        return answer;
      } catch (error) {
        if (place !== undefined) made[place] = `${words}, accepted but not seen to succeed`;
        throw error;
      }
    },
    rest: (path, options) => rest(azure, agent, path, { ...options, timeoutMs }),
    post: (path, body) => post(azure, agent, path, body),
    upload: (upload) => atItsPlace(upload.asset, () => uploadOnce(azure, agent, upload, made)),
    once<T>(key: string, work: () => Promise<T>): Promise<T> {
      const known = results.get(key) ?? work();
      results.set(key, known);
      return known as Promise<T>;
    },
  };
}

/** What is known of a resource whose end was not awaited. */
export const acceptedText = (words: string): string => `${words} was accepted and may still be being created`;

async function rest(
  { arm }: Azure,
  agent: Agent,
  path: string,
  { apiVersion = mlApiVersion, what = wordsFor(path), timeoutMs }: PutOptions & { timeoutMs: number },
): Promise<unknown> {
  return waitFor({ what, timeoutMs }, agent, async (): Promise<Probe<unknown>> => {
    const value = await arm.getIfExists(path, apiVersion);
    return isOnItsWay(value)
      ? { done: false, state: textAt(value, 'properties', 'provisioningState') ?? '' }
      : { done: true, value };
  });
}

/**
 * Creates or updates a resource and waits until it is there.
 *
 * @param options.accepted called as soon as the service has taken the request
 */
export async function putResource(
  arm: Arm,
  path: string,
  body: unknown,
  { apiVersion, what, timeoutMs, accepted }: PutOptions & { timeoutMs: number; accepted?: () => void },
): Promise<unknown> {
  const version = apiVersion ?? mlApiVersion;
  const answer = await arm.put(path, version, body);
  accepted?.();
  if (answer.status !== 202 && answer.headers['azure-asyncoperation'] === undefined) return answer.body;
  const [resource = path] = path.split('?');
  return arm.wait(resource, version, answer, { what: what ?? resource.split('/').at(-1) ?? resource, timeoutMs });
}

/** `environment CliV2AnonymousEnvironment, version 1b2c`; `batchEndpoints/scoring` for what has no versions. */
function wordsFor(path: string): string {
  const [resource = path] = path.split('?');
  const [, kind = '', name = '', version = ''] = /\/([^/]+)\/([^/]+)\/versions\/([^/]+)$/.exec(resource) ?? [];
  return version === ''
    ? resource.split('/').slice(-2).join('/')
    : `${kind.replace(/s$/, '')} ${name}, version ${version}`;
}

/** The address of an upload carries a signature: whoever holds it holds the storage. */
async function post(azure: Azure, agent: Agent, path: string, body: unknown): Promise<unknown> {
  const answer = await azure.arm.post(path, mlApiVersion, body, { idempotent: true });
  const sas = textAt(at(answer.body, 'blobReferenceForConsumption'), 'credential', 'sasUri');
  if (sas !== undefined) protectSas(agent, sas);
  return answer.body;
}

/**
 * Uploads by the address' own signature where it has one, else with the identity's token: the account's keys are never asked
 * for, so the identity needs the role Storage Blob Data Contributor on that container.
 */
async function uploadOnce(azure: Azure, agent: Agent, upload: Upload, made: string[]): Promise<void> {
  const { what, container, folder, asset, mark } = upload;
  const hasSignature = container.includes('?');
  const target: BlobTarget = { url: container, resource: hasSignature ? undefined : azure.cloud.resources.storage };
  const prefix = [folder, asset.isFolder ? asset.name : ''].map((part) => (part === '' ? '' : `${part}/`)).join('');
  const first = markedFile(asset.files)?.path ?? asset.name;
  const files = `files of ${what} ${asset.name}`;
  try {
    // A signature is for a place of this upload alone; a datastore keeps what any run has put there.
    const metadata = hasSignature
      ? undefined
      : await blobHead(azure.http, { ...target, url: blobUrl(container, prefix + first) });
    if (metadata?.['x-ms-meta-upload_status'] === 'completed') {
      agent.print(`${capital(what)} ${asset.name} is unchanged and not uploaded again.`);
      return;
    }
    const total = asset.files.reduce((sum, { size }) => sum + size, 0);
    agent.print(`Uploading ${what} ${asset.name}: ${asset.files.length} file(s), ${amount(total)} …`);
    const place = made.push(`${files}, not all`) - 1;
    const arrived = { files: 0, bytes: 0 };
    const howFar = (): string =>
      `Uploading ${what} ${asset.name}: ${arrived.files} of ${asset.files.length} file(s), ${amount(arrived.bytes)} of ${amount(total)} are there …`;
    await audibleWork(agent, howFar, () => uploadFiles(azure, target, prefix, asset.files, mark, arrived));
    made[place] = files;
  } catch (error) {
    throw withRole(error, upload);
  }
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function amount(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function withRole(error: unknown, { datastore, container, folder }: Upload): unknown {
  if (!(error instanceof AzureError) || error.status !== 403) return error;
  const [place] = splitQuery(folder === '' ? container : blobUrl(container, folder));
  const where = datastore === undefined ? '' : ` of datastore ${datastore}`;
  const role = `Give the identity of the service connection the role Storage Blob Data Contributor on the container of ${place}${where}`;
  return new TaskError(
    error.message,
    // A signature is refused by a firewall, or where keys are forbidden: then the identity's own rights count.
    container.includes('?')
      ? `${role}, and let its network reach the storage account.`
      : `${role}, or refer to data that is in the cloud already.`,
    { cause: error },
  );
}
