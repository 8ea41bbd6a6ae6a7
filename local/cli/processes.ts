import { spawnSync } from 'node:child_process';

/** Processes that this one started, directly or not, the youngest first. Those whose parent has ended are not found. */
export function descendants(root = process.pid): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const children = new Map<number, number[]>();
  for (const line of stdout.split('\n')) {
    const [pid, parent] = line.trim().split(/\s+/).map(Number);
    if (pid === undefined || parent === undefined || Number.isNaN(parent)) continue;
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found: number[] = [];
  const visit = (pid: number): void => {
    for (const child of children.get(pid) ?? []) {
      visit(child);
      found.push(child);
    }
  };
  visit(root);
  return found;
}

/** Ends every process that this one started, at once. Gives those that were there. */
export function killDescendants(): number[] {
  return descendants().filter((pid) => {
    try {
      process.kill(pid, 'SIGKILL');
      return true;
    } catch {
      return false; // It ended meanwhile (also the `ps` that looked).
    }
  });
}
