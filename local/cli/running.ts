import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { writeDocument } from '../devops/files';
import { check, list, map, number, oneOf, shape, text } from '../devops/shape';
import { isSameProcess } from './lock';

/** What other commands need of the services that run on this state folder. Holds tokens: only the owner may read the file. */
const runningShape = shape({
  pid: number,
  started: text,
  /** `daemon`: others may use it; `command`: it ends with its command. */
  kind: oneOf('daemon', 'command'),
  devops: shape({
    url: text,
    project: text,
    users: list(shape({ id: text, displayName: text, mail: text, shortName: text, token: text, groups: list(text) })),
  }),
  /** Address of the hub's page, with the key of this start. */
  hub: shape({ url: text }),
  azure: shape({ url: text, imdsUrl: text, caFile: text, logFile: text, environment: map(text) }),
});
export type Running = ReturnType<typeof runningShape>;

export function runningFile(stateDir: string): string {
  return join(stateDir, 'running.json');
}

/** The services that run on this state folder, if any do. */
export function findRunning(stateDir: string): Running | undefined {
  const file = runningFile(stateDir);
  if (!existsSync(file)) return undefined;
  try {
    const found = check(runningShape, JSON.parse(readFileSync(file, 'utf8')), file);
    return isSameProcess(found.pid, found.started) ? found : undefined;
  } catch {
    // Whoever writes it writes it whole: a damaged file belongs to nobody who runs.
    return undefined;
  }
}

export function publishRunning(stateDir: string, running: Running): () => void {
  writeDocument(runningFile(stateDir), running);
  return () => rmSync(runningFile(stateDir), { force: true });
}
