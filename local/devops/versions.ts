import type { IncomingHttpHeaders } from 'node:http';

import { ServiceError } from './errors';
import type { Location } from './locations';

/** The api-version of a request: in the query, else in a parameter of the Accept (or Content-Type) header. */
export function requestedVersion(query: URLSearchParams, headers: IncomingHttpHeaders): string | undefined {
  for (const [name, value] of query) if (name.toLowerCase() === 'api-version') return value;
  const found = [headers.accept, headers['content-type']].map(
    (value) => /api-version=([^;,\s]+)/i.exec(value ?? '')?.[1],
  );
  return found.find((version) => version !== undefined);
}

/**
 * The version to answer with. Refuses what the service refuses: none on a request that changes something, an unknown form,
 * a version above the location's, a preview without its flag.
 */
export function negotiate(location: Location, method: string, requested: string | undefined): string {
  if (requested === undefined) {
    if (method === 'GET')
      return location.releasedVersion === '0.0' ? `${location.maxVersion}-preview` : location.releasedVersion;
    throw new ServiceError(
      400,
      'VssVersionNotSpecifiedException',
      `No api-version was supplied for the "${method}" request. The version must be supplied either as part of the Accept header (e.g. "application/json; api-version=1.0") or as a query parameter (e.g. "?api-version=1.0").`,
    );
  }
  const parts = /^(\d+)\.(\d+)(-preview(?:\.(\d+))?)?$/i.exec(requested);
  if (!parts) {
    throw new ServiceError(
      400,
      'VssInvalidApiResourceVersionException',
      `The api-version '${requested}' is not a valid version. Use, for example, "7.1" or "7.2-preview.1".`,
    );
  }
  const version = Number(`${parts[1] ?? ''}.${parts[2] ?? ''}`);
  const isPreview = parts[3] !== undefined;
  if (version > Number(location.maxVersion) || version < Number(location.minVersion)) {
    throw new ServiceError(
      400,
      'VssVersionOutOfRangeException',
      `The requested REST API version of ${requested} is out of range for this server. The latest REST API version this server supports is ${location.maxVersion}.`,
    );
  }
  if (!isPreview && version > Number(location.releasedVersion)) {
    throw new ServiceError(
      400,
      'VssInvalidPreviewVersionException',
      `The requested version "${requested}" of the resource is under preview. The -preview flag must be supplied in the api-version for such requests. For example: "${requested}-preview"`,
    );
  }
  if (Number(parts[4] ?? 0) > location.resourceVersion) {
    throw new ServiceError(
      400,
      'VssVersionOutOfRangeException',
      `The requested resource version ${parts[4] ?? ''} of ${location.area}/${location.resourceName} is out of range; the latest is ${location.resourceVersion}.`,
    );
  }
  return requested;
}
