/** One REST location: an id, the route to it and the versions it has. */
export interface Location {
  id: string;
  area: string;
  resourceName: string;
  routeTemplate: string;
  resourceVersion: number;
  minVersion: string;
  maxVersion: string;
  /** `0.0`: only as a preview. */
  releasedVersion: string;
}

export function at(
  id: string,
  area: string,
  resourceName: string,
  route: string,
  version: number,
  released = '7.1',
  min = '1.0',
): Location {
  return {
    id,
    area,
    resourceName,
    routeTemplate: route,
    resourceVersion: version,
    minVersion: min,
    maxVersion: '7.2',
    releasedVersion: released,
  };
}

export const preview = '0.0';
export const project = '{project}/_apis';
export const build = `${project}/{area}/builds/{buildId}`;
export const checks = `${project}/pipelines/checks/{resource}`;
