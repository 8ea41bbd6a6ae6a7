import { Text } from './Text';

/** Beneath the name of a model that several workspaces have: which of them is meant. */
export function WorkspaceName({ workspace }: { workspace?: string }) {
  if (workspace === undefined) return null;
  return (
    <div className="secondary-text">
      <Text value={workspace} max={48} />
    </div>
  );
}
