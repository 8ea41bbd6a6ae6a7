/** Names an entry of a run's index among all runs: a stage that ran again replaces its entry. */
export function recordKey(run: number, { stage, name }: { stage: string; name: string }): string {
  return JSON.stringify([run, stage, name]);
}
