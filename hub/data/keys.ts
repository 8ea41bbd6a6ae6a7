/** Keys of the cache. Everything of a run lies below its id; nothing is kept beyond the page. */
export const keys = {
  runLists: ['run-list'] as const,
  runList: (tags: readonly string[], model: string | undefined, kinds: readonly string[]) =>
    ['run-list', ...tags, model ?? null, kinds.join()] as const,
  run: (id: number) => ['run', id] as const,
  index: (id: number) => ['run', id, 'index'] as const,
  evidence: (id: number) => ['run', id, 'evidence'] as const,
  changes: (id: number, since: number | undefined) => ['run', id, 'changes', since ?? null] as const,
  bypasses: (id: number) => ['run', id, 'bypasses'] as const,
  gates: (id: number) => ['run', id, 'gates'] as const,
  approvalLists: ['approvals'] as const,
  approvals: (scope: string) => ['approvals', scope] as const,
  runsOf: (ids: readonly number[]) => ['runs', ...ids] as const,
  approval: (id: string) => ['approval', id] as const,
  gate: (approvalId: string) => ['gate', approvalId] as const,
  environments: ['environments'] as const,
  checks: (ids: readonly number[]) => ['checks', ...ids] as const,
  definitions: ['definitions'] as const,
  rights: (tokens: readonly string[]) => ['rights', ...tokens] as const,
  teams: ['teams'] as const,
};
