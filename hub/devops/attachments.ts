import type { Client } from './client';
import { ownLink } from './links';
import { envelope, fields, type Reader } from './read';

/** A file that a step attached to its run. */
export interface Attachment {
  type: string;
  name: string;
  /** Absent when the link leads elsewhere or names no step: such a file can be neither read nor judged. */
  link?: AttachmentLink;
}

export interface AttachmentLink {
  /** Timeline record of the step that attached it, lower case. */
  recordId: string;
  /** Address of the bytes; always on the organisation's host. */
  content: URL;
}

/** Evidence is small; whatever is larger is not evidence. */
export const attachmentLimitBytes = 256 * 1024;

const apiVersion = '7.1';

/** The attachments of one type, of all attempts. */
export async function listAttachments(
  client: Client,
  runId: number,
  type: string,
  signal?: AbortSignal,
): Promise<Attachment[]> {
  const read: Reader<Attachment> = (value, where) => {
    const attachment = fields(value, where);
    const href = attachment.maybeFields('_links')?.maybeFields('self')?.value('href');
    const content = ownLink(client.connection, href);
    const recordId = content && recordIdIn(content, runId, type);
    return { type, name: attachment.text('name'), link: content && recordId ? { recordId, content } : undefined };
  };
  const answer = await client.send({
    path: `build/builds/${runId}/attachments/${encodeURIComponent(type)}`,
    apiVersion,
    read: envelope(read, 'attachments'),
    signal,
  });
  return answer.value;
}

/** @throws RequestProblem, `tooLarge` included */
export function readAttachment(
  client: Client,
  link: AttachmentLink,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  return client.bytes({ url: link.content, apiVersion, limitBytes: attachmentLimitBytes, signal });
}

/** `…/_apis/build/builds/{run}/{timeline}/{record}/attachments/{type}/{name}`: the link carries the only ids there are. */
function recordIdIn(link: URL, runId: number, type: string): string | undefined {
  const match = /\/_apis\/build\/builds\/(\d+)\/[0-9a-f-]{36}\/([0-9a-f-]{36})\/attachments\/([^/]+)\/[^/]+$/i.exec(
    link.pathname,
  );
  if (match === null || Number(match[1]) !== runId || decodeURIComponent(match[3] ?? '') !== type) return undefined;
  return match[2]?.toLowerCase();
}
