import type { DeploymentEvent, Indexed, ModelVersion, Run } from '../../../hub/data/types';
import type { IndexEntry, IndexFacts } from '../../../lib/evidence/index-entry';

/** Runs and index entries as small as tests need them. */
export function run(id: number, changes: Partial<Run> = {}): Run {
  return {
    id,
    number: `20261101.${id}`,
    url: `https://dev.azure.com/fabrikam/Churn/_build/results?buildId=${id}`,
    pipeline: { id: 14, name: 'churn', folder: '\\mlops\\team-a' },
    branch: 'refs/heads/main',
    commit: 'c0ffee',
    requestedFor: { id: 'ana', displayName: 'Ana Li' },
    reason: 'individualCI',
    status: 'completed',
    result: 'succeeded',
    queuedAt: '2026-11-01T00:00:00Z',
    tags: ['mlops'],
    ...changes,
  };
}

export const digest = (character: string): string => character.repeat(64);

type DeploymentFacts = Partial<IndexEntry<'mlops.deployment.v1'>>;

/** A step on the managed endpoint `churn` of `churn-prod`, unless something else is said. */
export function step(
  at: string,
  facts: DeploymentFacts = {},
  of: Partial<Run> & { environment?: string } = {},
): DeploymentEvent {
  const { environment = facts.environment ?? 'churn-prod', ...changes } = of;
  const entry = {
    sha256: digest('d'),
    stage: 'deploy',
    at,
    target: 'managedEndpoint',
    name: 'deployment.json',
    service: 'churn',
    environment,
    ...facts,
  };
  return { run: run(changes.id ?? 1, changes), entry, environment, isProduction: /prod/.test(environment), at };
}

/** A container group: takes every request. */
export function container(
  at: string,
  version: string,
  environment = 'churn-prod',
  of: Partial<Run> = {},
): DeploymentEvent {
  return step(at, { target: 'containerInstance', service: 'scorer', model: 'churn', version, environment }, of);
}

export function registration(
  version: string,
  changes: Partial<ModelVersion['registration']> = {},
  of: Partial<Run> = {},
  evaluation?: Partial<IndexFacts['mlops.evaluation.v1']>,
): ModelVersion {
  const at = changes.at ?? `2026-11-01T0${version.length}:00:00Z`;
  const entry = { sha256: digest('a'), stage: 'train', at };
  return {
    model: changes.model ?? 'churn',
    version,
    run: run(of.id ?? 100 + Number(version.replace(/\D/g, '')), of),
    registration: {
      ...entry,
      name: `churn.${version}`,
      model: 'churn',
      version,
      workspace: 'ml-dev',
      metrics: { auc: 0.8 },
      ...changes,
    },
    evaluation:
      evaluation === undefined
        ? undefined
        : { ...entry, name: 'evaluation', decision: 'better', metric: 'auc', orientation: 'higher', ...evaluation },
  };
}

export function evaluationOf(
  of: Run,
  facts: Partial<IndexFacts['mlops.evaluation.v1']> & { at?: string } = {},
): Indexed<'mlops.evaluation.v1'> {
  const entry = { name: 'evaluation', sha256: digest('e'), stage: 'evaluate', at: of.queuedAt };
  return { run: of, entry: { ...entry, decision: 'better', metric: 'auc', orientation: 'higher', ...facts } };
}

export function smokeOf(of: Run, at: string, verdict: string, environment?: string): Indexed<'mlops.smoke.v1'> {
  return { run: of, entry: { name: 'smoke', sha256: digest('b'), stage: 'deploy', at, verdict, environment } };
}
