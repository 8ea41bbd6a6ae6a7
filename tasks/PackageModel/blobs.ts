import { Readable } from 'node:stream';
import { TaskError } from '../../lib/agent/errors';
import type { Azure } from '../../lib/azure/azure';
import { blobUrl } from '../../lib/azure/blob';
import { textAt } from '../../lib/agent/json';
import { mlApiVersion } from '../../lib/azure/workspace';

/** Blob service version: bearer tokens need one. */
const headers = { 'x-ms-version': '2023-11-03' };

/** Container of a datastore: `https://account.blob…/container`. Operation: Datastores_Get. */
export async function datastoreContainer(azure: Azure, datastore: string): Promise<string> {
  const found = await azure.arm.get(`${azure.workspace.id}/datastores/${datastore}`, mlApiVersion);
  const account = textAt(found, 'properties', 'accountName');
  const container = textAt(found, 'properties', 'containerName');
  if (account === undefined || container === undefined) {
    throw new TaskError(
      `The datastore ${datastore} is no blob container (${textAt(found, 'properties', 'datastoreType') ?? 'unknown type'}).`,
      'Register the model from a job or from a blob datastore.',
    );
  }
  const protocol = textAt(found, 'properties', 'protocol') ?? 'https';
  return `${protocol}://${account}.blob.${textAt(found, 'properties', 'endpoint') ?? 'core.windows.net'}/${container}`;
}

/** Names of the blobs that start with `prefix`. Operation: List Blobs, all pages. */
export async function listBlobs(azure: Azure, container: string, prefix: string): Promise<string[]> {
  const names: string[] = [];
  let marker = '';
  do {
    const query = new URLSearchParams({ restype: 'container', comp: 'list', prefix });
    if (marker !== '') query.set('marker', marker);
    const { body } = await azure.http.send({
      method: 'GET',
      url: `${container}?${query.toString()}`,
      headers,
      resource: azure.cloud.resources.storage,
      as: 'text',
    });
    const page = readPage(typeof body === 'string' ? body : '');
    names.push(...page.names);
    marker = page.marker;
  } while (marker !== '');
  return names;
}

export async function openBlob(azure: Azure, container: string, name: string): Promise<Readable> {
  const { body } = await azure.http.send({
    method: 'GET',
    url: blobUrl(container, name),
    headers,
    resource: azure.cloud.resources.storage,
    as: 'stream',
    timeoutMs: 10 * 60_000,
  });
  if (body instanceof Readable) return body;
  throw new TaskError(`The blob ${name} came without content.`);
}

/**
 * The few elements that matter of `EnumerationResults`. Folder entries of accounts with a hierarchical namespace are left
 * out.
 */
export function readPage(xml: string): { names: string[]; marker: string } {
  const blobs = [...xml.matchAll(/<Blob>(.*?)<\/Blob>/gs)].map(([, inner]) => inner ?? '');
  const names = blobs
    .filter((blob) => !/<ResourceType>directory</.test(blob) && !/<hdi_isfolder>true</.test(blob))
    .map((blob) => blobName(blob));
  return { names, marker: unescapeXml(/<NextMarker>(.*?)<\/NextMarker>/s.exec(xml)?.[1] ?? '') };
}

/** Names with characters that XML cannot carry come percent-encoded. */
function blobName(blob: string): string {
  const name = /<Name( Encoded="true")?>(.*?)<\/Name>/s.exec(blob);
  const text = unescapeXml(name?.[2] ?? '');
  return name?.[1] === undefined ? text : decodeURIComponent(text);
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return entities[name ?? ''] ?? whole;
  });
}
