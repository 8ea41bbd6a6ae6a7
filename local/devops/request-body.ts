import type { IncomingMessage } from 'node:http';

/** The bytes of a request. Rejects with what `tooLarge` gives as soon as there are more than `largest`. */
export async function readBody(request: IncomingMessage, largest: number, tooLarge: () => Error): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const part = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += part.length;
    if (size > largest) throw tooLarge();
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}
