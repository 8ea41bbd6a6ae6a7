import assert from 'node:assert/strict';

import type { HubStage, Visit } from '../../support/hub-stage';

const tabs = ['overview', 'metrics', 'evaluation', 'lineage', 'deployments', 'activity'];
const lists = ['mine', 'pending', 'history'];

/** Every page of the hub with something on it. */
export const everyPage: readonly { name: string; visit: (stage: HubStage) => Visit | Promise<Visit> }[] = [
  hub('models', () => ({ view: 'models' })),
  hub('models, one of them opened', (model) => ({ view: 'models', open: model })),
  ...tabs.map((tab) => hub(`version, ${tab}`, (model) => ({ view: 'version', model, version: '3', tab }))),
  hub('compare', (model) => ({ view: 'compare', model, versions: '1,3,8' })),
  hub('deployments', () => ({ view: 'deployments' })),
  ...lists.map((list) => hub(`approvals, ${list}`, () => ({ view: 'approvals', list }))),
  { name: 'approval', visit: async (stage) => approvalPanel('ben', await firstWaiting(stage, 'ben')) },
  hub('delivery', () => ({ view: 'delivery', days: '364' })),
  { name: 'run', visit: async (stage) => runTab('ben', (await firstWaiting(stage, 'ben')).run) },
  { name: 'settings', visit: () => ({ user: 'cleo', hub: 'settings-hub' }) },
];

function hub(name: string, query: (model: string) => Record<string, string>): (typeof everyPage)[number] {
  return { name, visit: (stage) => ({ user: 'ben', query: query(stage.generated?.models[0] ?? '') }) };
}

export function approvalPanel(user: string, { id }: Waiting): Visit {
  return { user, query: { view: 'approvals', approval: id } };
}

export function runTab(user: string, run: number): Visit {
  const query = { buildId: String(run), view: 'mlops-azure-ml.mlops-azure-ml.model-tab' };
  return { user, path: '/local/diabetes/_build/results', query };
}

export interface Waiting {
  id: string;
  run: number;
}

/** Approvals that wait for the person, the newest first. */
export async function waiting(stage: HubStage, user: string): Promise<Waiting[]> {
  const { id } = stage.user(user);
  const path = `diabetes/_apis/pipelines/approvals?state=pending&assignedTo=${id}&api-version=7.2-preview.2`;
  return valuesOf((await stage.rest(user, 'GET', path)).body)
    .map((one) => ({ id: String(one['id']), run: Number(at(one, 'pipeline', 'owner', 'id')) }))
    .sort((one, other) => other.run - one.run);
}

async function firstWaiting(stage: HubStage, user: string): Promise<Waiting> {
  const [first] = await waiting(stage, user);
  assert.ok(first, `nothing waits for ${user}`);
  return first;
}

/** The `value` of a list. */
export function valuesOf(body: unknown): Record<string, unknown>[] {
  const value = at(body, 'value');
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

export function at(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce((inner, name) => (isRecord(inner) ? inner[name] : undefined), value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
