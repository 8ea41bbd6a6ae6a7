import { createHash, randomUUID } from 'node:crypto';
import { asBoolean, asObject, asString, asStrings, isObject, type JsonObject } from '../json';
import { accountPath } from '../seed';
import type { Answer, Call, Core, Route } from '../service';
import { userError, versionedAssets, type AssetKind } from './versioned';
import { workspaceRoute } from './workspace-path';

/** Code assets and the upload that precedes them. Swagger: mfe.json, `CodeVersions_*`. */
export function codeRoutes(core: Core): Route[] {
  const kind: AssetKind = {
    segment: 'codes',
    label: 'Code',
    create: (sent) => create(core, sent),
    checkUpdate: (sent, existing) => {
      const uri = asString(sent['codeUri']);
      if (uri !== undefined && uri !== existing['codeUri']) {
        throw userError(
          400,
          'AssetPathImmutable',
          `The asset path is already linked to ${asString(existing['codeUri']) ?? ''}. Asset paths cannot be updated.`,
        );
      }
    },
    fits: hashFits,
    // Clients look for a hash before anything with that name exists.
    emptyWhenMissing: (query) => query.has('hash'),
  };
  return [
    ...versionedAssets(core, kind),
    {
      method: 'POST',
      path: `${workspaceRoute}/{asset}/{name}/versions/{version}/startPendingUpload`,
      token: 'arm',
      handle: (call) => startPendingUpload(core, call),
    },
  ];
}

function create(core: Core, sent: JsonObject): JsonObject {
  const uri = asString(sent['codeUri']);
  if (uri === undefined || uri === '') throw userError(400, 'InvalidCodeUri', 'A code version needs a codeUri.');
  if (/^https:/i.test(uri) && core.blobs.parse(uri) === undefined) {
    throw userError(400, 'InvalidCodeUri', `The codeUri ${uri} is not in a storage account of the workspace.`);
  }
  return {
    description: asString(sent['description']) ?? null,
    tags: asStrings(sent['tags']),
    properties: asStrings(sent['properties']),
    isArchived: asBoolean(sent['isArchived']) ?? false,
    isAnonymous: asBoolean(sent['isAnonymous']) ?? false,
    codeUri: uri,
    provisioningState: 'Succeeded',
  };
}

function hashFits(properties: JsonObject, query: URLSearchParams): boolean {
  const hash = query.get('hash');
  const version = query.get('hashVersion');
  const kept = asObject(properties['properties']);
  return (
    (hash === null || kept['hash_sha256'] === hash) &&
    (version === null || kept['hash_version'] === undefined || kept['hash_version'] === version)
  );
}

/** A container of its own for each asset version, with a SAS to write to it. Asked again, it is the same one. */
async function startPendingUpload(core: Core, call: Call): Promise<Answer> {
  const { asset = '', name = '', version = '' } = call.params;
  const body = call.body.length === 0 ? {} : call.json();
  const type = isObject(body)
    ? (asString(body['pendingUploadType']) ?? 'TemporaryBlobReference')
    : 'TemporaryBlobReference';
  if (type !== 'TemporaryBlobReference')
    throw userError(400, 'InvalidPendingUploadType', `The pendingUploadType '${type}' is not supported.`);
  const container =
    `${asset}-${createHash('sha256').update(`${asset}/${name}/${version}`.toLowerCase()).digest('hex').slice(0, 32)}`.toLowerCase();
  return {
    status: 200,
    body: {
      pendingUploadId: (isObject(body) ? asString(body['pendingUploadId']) : undefined) ?? randomUUID(),
      pendingUploadType: type,
      blobReferenceForConsumption: {
        blobUri: await core.blobs.containerUrl(container),
        storageAccountArmId: accountPath,
        credential: { credentialType: 'SAS', sasUri: await core.blobs.sasUrl(container, undefined, 'racwdl') },
      },
    },
  };
}
