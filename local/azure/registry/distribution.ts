import { createReadStream } from 'node:fs';
import { asList, asObject, asString } from '../json';
import type { Answer, Call, Route } from '../service';
import { isDigest, isRepositoryName, isTag, sha256, type RegistryStorage, type StoredManifest } from './storage';
import { fault, type Access, type RegistryTokens } from './tokens';
import { Uploads } from './uploads';

const version = { 'docker-distribution-api-version': 'registry/2.0' };

/** One call on a repository: its name and what follows the word that ends it. */
interface Target {
  repository: string;
  /** `manifests`, `blobs`, `tags`, `referrers`. */
  kind: string;
  reference: string;
}

/** The registry's data plane as the OCI distribution specification 1.1 has it, behind the registry's own tokens. */
export class Distribution {
  private readonly uploads: Uploads;

  constructor(
    private readonly storage: RegistryStorage,
    private readonly tokens: RegistryTokens,
    private readonly url: string,
  ) {
    this.uploads = new Uploads(storage);
  }

  routes(): Route[] {
    const methods = ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE'] as const;
    return methods.flatMap((method): Route[] => [
      { method, path: '/v2/{rest+}', token: 'none', handle: (call) => this.handle(call, call.params['rest'] ?? '') },
      { method, path: '/v2', token: 'none', handle: (call) => this.handle(call, '') },
    ]);
  }

  private handle(call: Call, rest: string): Answer | Promise<Answer> {
    const access = this.tokens.access(call.headers.authorization);
    if (rest === '') return access === undefined ? this.challenge() : json(200, {});
    if (rest === '_catalog') return this.catalog(call, access);
    const target = parseTarget(rest);
    if (target === undefined) return fault(404, 'NAME_UNKNOWN', `no such path: ${rest}`);
    if (!isRepositoryName(target.repository))
      return fault(400, 'NAME_INVALID', `invalid repository name: ${target.repository}`);
    const action = actionOf(call.method);
    if (!isAllowed(access, target.repository, action)) {
      // A push also reads (does the blob exist?), so clients ask for both at once.
      const wanted = action === 'push' ? 'pull,push' : action;
      return this.challenge(`repository:${target.repository}:${wanted}`, access !== undefined);
    }
    if (target.kind === 'manifests') return this.manifests(call, target);
    if (target.kind === 'blobs') return this.blobs(call, target, access ?? []);
    if (target.kind === 'tags') return this.tags(call, target);
    return this.referrers(call, target);
  }

  private challenge(scope?: string, insufficient = false): Answer {
    const parts = [`realm="${this.url}/oauth2/token"`, `service="${this.tokens.service}"`];
    if (scope !== undefined) parts.push(`scope="${scope}"`);
    if (insufficient) parts.push('error="insufficient_scope"');
    const message = 'authentication required, visit https://aka.ms/acr/authorization for more information.';
    return fault(401, 'UNAUTHORIZED', message, { 'www-authenticate': `Bearer ${parts.join(',')}` });
  }

  private catalog(call: Call, access: Access[] | undefined): Answer {
    const allowed = access?.some(
      (one) => (one.type === 'registry' && one.name === 'catalog' && one.actions.includes('*')) || one.name === '*',
    );
    if (allowed !== true) return this.challenge('registry:catalog:*', access !== undefined);
    const page = pageOf(call, this.storage.repositories());
    return { ...json(200, { repositories: page.entries }), headers: { ...version, ...page.link('/v2/_catalog') } };
  }

  private manifests(call: Call, target: Target): Answer {
    const { repository, reference } = target;
    if (call.method === 'PUT') return this.putManifest(call, repository, reference);
    if (call.method === 'DELETE') {
      return this.storage.remove(repository, reference)
        ? { status: 202, headers: version }
        : manifestUnknown(reference);
    }
    const found = this.storage.manifest(repository, reference);
    if (found === undefined) return manifestUnknown(reference);
    const headers = manifestHeaders(found);
    // The length of a body that a HEAD does not send cannot be told by the server alone.
    if (call.method === 'HEAD')
      return { status: 200, headers: { ...headers, 'content-length': String(found.content.length) } };
    return { status: 200, headers, body: found.content };
  }

  private putManifest(call: Call, repository: string, reference: string): Answer {
    const digest = sha256(call.body);
    if (isDigest(reference) && reference !== digest) {
      return fault(400, 'DIGEST_INVALID', `manifest digest is ${digest}, not ${reference}`);
    }
    if (!isDigest(reference) && !isTag(reference)) return fault(400, 'TAG_INVALID', `invalid tag: ${reference}`);
    const manifest = parse(call.body);
    if (manifest === undefined) return fault(400, 'MANIFEST_INVALID', 'the manifest is not a JSON object');
    const mediaType = (call.headers['content-type'] ?? asString(manifest['mediaType']) ?? '').split(';')[0] ?? '';
    if (mediaType === '') return fault(400, 'MANIFEST_INVALID', 'the manifest has no media type');
    const missing = this.missingParts(repository, manifest);
    if (missing !== undefined) return fault(400, 'MANIFEST_BLOB_UNKNOWN', `blob unknown to registry: ${missing}`);
    this.storage.putManifest(repository, call.body, mediaType, isDigest(reference) ? undefined : reference);
    const subject = asString(asObject(manifest['subject'])['digest']);
    const headers = { ...version, location: `/v2/${repository}/manifests/${digest}`, 'docker-content-digest': digest };
    return { status: 201, headers: { ...headers, ...(subject === undefined ? {} : { 'oci-subject': subject }) } };
  }

  /** A manifest may only name what the repository holds. */
  private missingParts(repository: string, manifest: Record<string, unknown>): string | undefined {
    const blobs = [manifest['config'], ...asList(manifest['layers'])]
      .map((part) => asString(asObject(part)['digest']))
      .filter((digest) => digest !== undefined);
    const manifests = asList(manifest['manifests'])
      .map((part) => asString(asObject(part)['digest']))
      .filter((digest) => digest !== undefined);
    return (
      blobs.find((digest) => !this.storage.isLinked(repository, digest)) ??
      manifests.find((digest) => this.storage.manifest(repository, digest) === undefined)
    );
  }

  private blobs(call: Call, target: Target, access: Access[]): Answer | Promise<Answer> {
    const { repository, reference } = target;
    if (reference === 'uploads' || reference.startsWith('uploads/')) {
      const mayMount = (from: string): boolean => isAllowed(access, from, 'pull');
      return this.uploads.handle(call, repository, reference.slice('uploads/'.length), mayMount);
    }
    if (!this.storage.isLinked(repository, reference))
      return fault(404, 'BLOB_UNKNOWN', `blob unknown to registry: ${reference}`);
    if (call.method === 'DELETE') {
      this.storage.unlink(repository, reference);
      return { status: 202, headers: version };
    }
    return this.blob(call, reference);
  }

  private blob(call: Call, digest: string): Answer {
    const size = this.storage.blobSize(digest);
    const headers = {
      ...version,
      'content-type': 'application/octet-stream',
      'docker-content-digest': digest,
      'accept-ranges': 'bytes',
    };
    const range = /^bytes=(\d+)-(\d*)$/.exec(call.headers.range ?? '');
    const from = Number(range?.[1] ?? 0);
    const to = Math.min(range?.[2] === undefined || range[2] === '' ? size - 1 : Number(range[2]), size - 1);
    if (from > to && size > 0) return fault(416, 'RANGE_INVALID', 'the range is not inside the blob');
    const length = { 'content-length': String(size === 0 ? 0 : to - from + 1) };
    if (call.method === 'HEAD') return { status: 200, headers: { ...headers, ...length } };
    if (size === 0) return { status: 200, headers: { ...headers, ...length }, body: Buffer.alloc(0) };
    const stream = createReadStream(this.storage.blobPath(digest), { start: from, end: to });
    if (range === null) return { status: 200, headers: { ...headers, ...length }, stream };
    return { status: 206, headers: { ...headers, ...length, 'content-range': `bytes ${from}-${to}/${size}` }, stream };
  }

  private tags(call: Call, { repository }: Target): Answer {
    if (!this.storage.hasRepository(repository))
      return fault(404, 'NAME_UNKNOWN', `repository name not known to registry: ${repository}`);
    const page = pageOf(call, this.storage.tags(repository));
    const headers = { ...version, ...page.link(`/v2/${repository}/tags/list`) };
    return { ...json(200, { name: repository, tags: page.entries }), headers };
  }

  private referrers(call: Call, { repository, reference }: Target): Answer {
    if (!isDigest(reference)) return fault(400, 'DIGEST_INVALID', `not a digest: ${reference}`);
    const wanted = call.query.get('artifactType');
    const manifests = this.storage.manifests(repository).flatMap((digest) => {
      const found = this.storage.manifest(repository, digest);
      const document = found === undefined ? undefined : parse(found.content);
      if (found === undefined || document === undefined) return [];
      if (asString(asObject(document['subject'])['digest']) !== reference) return [];
      const artifactType = asString(document['artifactType']) ?? asString(asObject(document['config'])['mediaType']);
      if (wanted !== null && artifactType !== wanted) return [];
      const { mediaType, content } = found;
      return [{ mediaType, digest, size: content.length, artifactType, annotations: document['annotations'] }];
    });
    const headers = { ...version, 'content-type': 'application/vnd.oci.image.index.v1+json' };
    const body = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests };
    return {
      status: 200,
      headers: wanted === null ? headers : { ...headers, 'oci-filters-applied': 'artifactType' },
      body,
    };
  }
}

function parseTarget(rest: string): Target | undefined {
  const match = /^(.+?)\/(manifests|referrers|tags|blobs)\/(.+)$/.exec(rest.replace(/\/+$/, ''));
  const [, repository, kind, reference] = match ?? [];
  if (repository === undefined || kind === undefined || reference === undefined) return undefined;
  if (kind === 'tags' && reference !== 'list') return undefined;
  return { repository, kind, reference };
}

function actionOf(method: string): string {
  if (method === 'GET' || method === 'HEAD') return 'pull';
  return method === 'DELETE' ? 'delete' : 'push';
}

function isAllowed(access: Access[] | undefined, repository: string, action: string): boolean {
  return (access ?? []).some(
    (one) => one.type === 'repository' && (one.name === repository || one.name === '*') && one.actions.includes(action),
  );
}

function manifestHeaders(manifest: StoredManifest): Record<string, string> {
  const { digest, mediaType } = manifest;
  return { ...version, 'content-type': mediaType, 'docker-content-digest': digest, etag: `"${digest}"` };
}

function manifestUnknown(reference: string): Answer {
  return fault(404, 'MANIFEST_UNKNOWN', `manifest unknown: ${reference}`);
}

function parse(content: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(content.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? asObject(value) : undefined;
  } catch {
    return undefined;
  }
}

function json(status: number, body: unknown): Answer {
  return { status, headers: { ...version, 'content-type': 'application/json; charset=utf-8' }, body };
}

/** `n` entries after `last`, and the `Link` header for the next page. */
function pageOf(call: Call, all: string[]): { entries: string[]; link: (path: string) => Record<string, string> } {
  const last = call.query.get('last');
  const size = Number(call.query.get('n') ?? 0);
  const after = last === null ? all : all.filter((entry) => entry > last);
  const entries = size > 0 ? after.slice(0, size) : after;
  const final = entries.at(-1);
  const link = (path: string): Record<string, string> =>
    final === undefined || entries.length === after.length
      ? {}
      : { link: `<${path}?last=${encodeURIComponent(final)}&n=${size}>; rel="next"` };
  return { entries, link };
}
