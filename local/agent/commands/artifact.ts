import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

import type { Command } from '../command';
import type { StepContext } from '../task/context';
import type { CommandEntry } from './entry';
import { property } from './fields';

/** Commands of the area `artifact` (agent source `ArtifactCommandExtension.cs`). */
export const artifactCommands: ReadonlyMap<string, CommandEntry> = new Map<string, CommandEntry>([
  ['upload', { run: upload }],
  ['associate', { run: associate }],
]);

function upload(step: StepContext, command: Command): void {
  const name = property(command, 'artifactname');
  if (name === '') throw new Error('Artifact Name is required.');
  refuseArtifactName(name);
  if (command.data === '') throw new Error('Artifact location is required.');
  const source = path.resolve(command.data);
  const found = statSync(source, { throwIfNoEntry: false });
  if (!found) throw new Error(`Path does not exist: ${command.data}`);
  if (found.isDirectory() && !holdsFile(source)) {
    step.warning(`Directory '${source}' is empty. Nothing will be added to build artifact '${name}'.`);
    return;
  }
  step.background('Upload Artifact', step.sink.uploadArtifact(name, source));
}

/** A link to something stored elsewhere: there is no such place on one machine. */
function associate(): void {
  throw new Error(
    'The local agent has no ##vso[artifact.associate] command: artifacts stored elsewhere cannot be linked.',
  );
}

export function refuseArtifactName(name: string): void {
  if (/[\\/":<>|*?]/.test(name)) {
    throw new Error(
      `Artifact name is not valid: ${name}. It cannot contain '\\', /', "', ':', '<', '>', '|', '*', and '?'`,
    );
  }
}

export function holdsFile(folder: string): boolean {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).some((entry) => !entry.isDirectory());
}
