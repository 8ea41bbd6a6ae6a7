/** Names in Azure ML files and the ids they stand for. */

export type AssetKind = 'environments' | 'models' | 'data' | 'components' | 'codes';

export type AssetReference =
  /** Goes to the service unchanged: an ARM id, `azureml://registries/…`, a curated environment. */
  | { kind: 'id'; id: string }
  | { kind: 'version'; name: string; version: string }
  /** `azureml:name@latest`: the newest version, asked of the workspace. */
  | { kind: 'label'; name: string; label: string };

export const armId = /^\/subscriptions\/[^/]+\/resourceGroups\//i;
const registryId = /^azureml:\/\/registries\//;
/** Curated environments live in a registry of Microsoft's; the service itself resolves their names. */
const curated = /^AzureML-/;

/** Is the id that of a version of such an asset? Registries have ids of labels too. */
function isOf(kind: AssetKind, id: string): boolean {
  const asset =
    /(?:\/workspaces|\/registries)\/[^/]+\/([^/]+)\/[^/]+\/versions\/[^/]+$/i.exec(id) ??
    /^azureml:\/\/registries\/[^/]+\/([^/]+)\/[^/]+\/(?:versions|labels)\/[^/]+$/.exec(id);
  return asset?.[1]?.toLowerCase() === kind;
}

/**
 * Reads `azureml:name:version`, `azureml:name@label`, an ARM id (with or without `azureml:`) or a registry's
 * `azureml://registries/…`; `undefined` when the text is no reference.
 */
export function parseReference(value: string, kind: AssetKind): AssetReference | undefined {
  // Of code a registry's id is never taken for anything else.
  if (registryId.test(value)) return kind === 'codes' && !isOf(kind, value) ? undefined : { kind: 'id', id: value };
  const bare = value.replace(/^azureml:/, '');
  if (armId.test(bare)) return isOf(kind, bare) ? { kind: 'id', id: bare } : undefined;
  if (bare === value) return undefined;
  if (kind === 'environments' && curated.test(bare)) return { kind: 'id', id: value };
  const version = /^([A-Za-z0-9_][A-Za-z0-9_.-]*):([^:@/]+)$/.exec(bare);
  if (version?.[1] && version[2]) return { kind: 'version', name: version[1], version: version[2] };
  const label = /^([A-Za-z0-9_][A-Za-z0-9_.-]*)@([^:@/]+)$/.exec(bare);
  if (label?.[1] && label[2]) return { kind: 'label', name: label[1], label: label[2] };
  return undefined;
}
