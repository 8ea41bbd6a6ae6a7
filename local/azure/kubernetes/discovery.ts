import { resourceTypes, type ResourceType } from './types';

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** `/version` */
export function versionDocument(): unknown {
  return {
    major: '1',
    minor: '32',
    gitVersion: 'v1.32.0',
    gitCommit: '0000000000000000000000000000000000000000',
    gitTreeState: 'clean',
    buildDate: '2026-01-01T00:00:00Z',
    goVersion: 'go1.23.0',
    compiler: 'gc',
    platform: 'linux/amd64',
  };
}

/** `/api` */
export function coreVersions(host: string): unknown {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: host }],
  };
}

/** `/apis` */
export function groupList(): unknown {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups().map(group) };
}

/** `/apis/{group}`; `undefined` for a group that is not served. */
export function groupDocument(name: string): unknown {
  return groups().includes(name) ? { kind: 'APIGroup', apiVersion: 'v1', ...group(name) } : undefined;
}

function groups(): string[] {
  return [...new Set(resourceTypes.map((type) => type.group))].filter((name) => name !== '');
}

function group(name: string): { name: string; versions: unknown[]; preferredVersion: unknown } {
  const version = { groupVersion: `${name}/v1`, version: 'v1' };
  return { name, versions: [version], preferredVersion: version };
}

/** `/api/v1`, `/apis/apps/v1`; `undefined` when nothing is served there. */
export function resourceList(groupName: string, version: string): unknown {
  const types = resourceTypes.filter((type) => type.group === groupName && type.version === version);
  if (types.length === 0) return undefined;
  const groupVersion = groupName === '' ? version : `${groupName}/${version}`;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: types.flatMap(resource) };
}

function resource(type: ResourceType): unknown[] {
  const { resource: name, singular: singularName, namespaced, kind, shortNames, categories } = type;
  const sub = (suffix: string, of: string[]): unknown => ({
    name: `${name}/${suffix}`,
    singularName: '',
    namespaced,
    kind,
    verbs: of,
  });
  return [
    {
      name,
      singularName,
      namespaced,
      kind,
      verbs,
      ...(shortNames.length === 0 ? {} : { shortNames }),
      ...(categories.length === 0 ? {} : { categories }),
    },
    ...(type.hasStatus ? [sub('status', ['get', 'patch', 'update'])] : []),
    ...(name === 'pods' ? [sub('log', ['get'])] : []),
    ...(type.group === 'apps'
      ? [
          {
            name: `${name}/scale`,
            singularName: '',
            namespaced,
            group: 'autoscaling',
            version: 'v1',
            kind: 'Scale',
            verbs: ['get', 'patch', 'update'],
          },
        ]
      : []),
  ];
}
