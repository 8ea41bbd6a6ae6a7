import { parseReference, readImage, type PulledImage } from '../registry/image';
import type { RegistryStorage } from '../registry/storage';

/** An image that cannot be pulled; the message says why, as a container runtime does. */
export class PullError extends Error {
  override readonly name = 'PullError';
}

/**
 * Finds an image of this registry by its full name. Whether the puller may have it is the caller's question.
 * @throws PullError for another registry, an unknown repository, tag or digest.
 */
export function pullImage(storage: RegistryStorage, loginServer: string, text: string): PulledImage {
  const { server, repository, tag, digest } = parseReference(text);
  if (server !== loginServer)
    throw new PullError(
      `failed to resolve reference "${text}": no such host as ${server === '' ? 'docker.io' : server} here`,
    );
  try {
    const found = readImage(storage, repository, digest ?? tag ?? 'latest');
    if (found !== undefined) return found;
  } catch (error) {
    throw new PullError(
      `failed to pull and unpack image "${text}": ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  throw new PullError(`failed to resolve reference "${text}": ${text}: not found`);
}
