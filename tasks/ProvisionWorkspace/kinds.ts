/** What can be provisioned, in the order in which one thing needs another. Workspaces have a file of their own. */
const order: readonly (readonly string[])[] = [
  ['connection', 'compute', 'datastore'],
  ['environment'],
  ['data'],
  ['model'],
  ['command component', 'spark component', 'parallel component', 'data transfer component'],
  ['pipeline component'],
  ['managed online endpoint', 'kubernetes online endpoint', 'batch endpoint', 'serverless endpoint'],
  ['batch deployment'],
];

/** Why a kind is not provisioned, by the end of its name. */
const elsewhere: readonly (readonly [RegExp, string])[] = [
  [/job$/, 'Jobs are run, not provisioned: SubmitAmlTraining runs them.'],
  [/online deployment$/, 'DeployModel makes deployments, with its tests and its approval.'],
  [/schedule$/, 'PublishTrainingPipeline makes schedules, within a budget.'],
  [/^workspace$/, 'Name it as workspaceFile.'],
  [/^registry$/, 'A registry serves many workspaces and is made once, outside of them.'],
];

/** Place of a kind in the order of dependence; `undefined` when it is not provisioned. */
export function rankOf(kind: string): number | undefined {
  const rank = order.findIndex((kinds) => kinds.includes(kind));
  return rank < 0 ? undefined : rank;
}

/** Advice for a kind that is not provisioned. */
export function adviceFor(kind: string): string {
  const known = elsewhere.find(([pattern]) => pattern.test(kind))?.[1];
  return known ?? `Provisioned are: ${order.flat().join(', ')}.`;
}
