import { blobText, type BlobTarget } from './blob';
import type { Http } from './http';

export interface ListedBlob {
  /** Below the container. */
  name: string;
  /** Of its content, base64; '' for a blob of blocks, unless its writer said it. */
  md5: string;
}

/** The blobs whose names start with `prefix`, all pages. Operation: List Blobs. */
export async function listBlobs(http: Http, container: BlobTarget, prefix: string): Promise<ListedBlob[]> {
  const blobs: ListedBlob[] = [];
  let marker = '';
  do {
    const query = new URLSearchParams({ restype: 'container', comp: 'list', prefix });
    if (marker !== '') query.set('marker', marker);
    const page = readPage(await blobText(http, container, query.toString()));
    blobs.push(...page.blobs);
    marker = page.marker;
  } while (marker !== '');
  return blobs;
}

/**
 * The few elements that matter of `EnumerationResults`. Folder entries of accounts with a hierarchical namespace are left
 * out.
 */
export function readPage(xml: string): { blobs: ListedBlob[]; marker: string } {
  const blobs = [...xml.matchAll(/<Blob>(.*?)<\/Blob>/gs)]
    .map(([, inner = '']) => inner)
    .filter((blob) => !/<ResourceType>directory</.test(blob) && !/<hdi_isfolder>true</.test(blob))
    .map((blob) => ({ name: blobName(blob), md5: textOf(blob, 'Content-MD5') }));
  return { blobs, marker: textOf(xml, 'NextMarker') };
}

/** Names with characters that XML cannot carry come percent-encoded. */
function blobName(blob: string): string {
  const encoded = /<Name Encoded="true">(.*?)<\/Name>/s.exec(blob)?.[1];
  return encoded === undefined ? textOf(blob, 'Name') : decodeURIComponent(unescapeXml(encoded));
}

function textOf(xml: string, element: string): string {
  return unescapeXml(new RegExp(`<${element}>(.*?)</${element}>`, 's').exec(xml)?.[1] ?? '');
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return entities[name ?? ''] ?? whole;
  });
}
