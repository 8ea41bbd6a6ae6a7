import type { Evidence } from './draft';
import type { Random } from './random';
import type { Model, Text } from './world';

/** Bodies of the records that the tasks leave, as their published JSON schemas have them. */

export type Decision = 'better' | 'notBetter' | 'unsure' | 'firstModel';

/** A trained model on its way. */
export interface Candidate {
  job: string;
  metrics: Record<string, number>;
  commit: string;
  fingerprint: string;
  alpha: string;
}

export interface Version {
  version: string;
  candidate: Candidate;
  image: string;
  digest: string;
}

export interface Scene {
  random: Random;
  model: Model;
  text: Text;
}

const group = '/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/mlops/providers';
const arm = `${group}/Microsoft.MachineLearningServices`;
const segmentValues = ['north', 'south', 'west'];

export function sanity({ random, model, text }: Scene, candidate: Candidate, passed: boolean): Evidence {
  const rows = random.integer(4000, 60_000);
  const file = text('data/train.csv', 1024);
  const check = (column: string, rule: string, description: string, violations: number): Record<string, unknown> => ({
    table: text(model.name),
    column: text(column),
    rule,
    description: text(description, 2000),
    severity: 'error',
    passed: violations === 0,
    violations,
    first: violations === 0 ? [] : [1, 2].map((line) => ({ file, line: line * 17 })),
  });
  const violations = passed ? 0 : random.integer(1, 400);
  return {
    kind: 'mlops.data-sanity.v1',
    name: 'sanity',
    body: {
      verdict: passed ? 'passed' : 'failed',
      contract: { id: text(`${model.name}-data`), version: '1.2.0', sha256: random.hex(64) },
      dataFingerprint: candidate.fingerprint,
      rowCount: rows,
      files: [{ path: file, bytes: rows * 61, rows, sha256: random.hex(64) }],
      checks: [
        check('id', 'unique', 'Every row has an id of its own.', 0),
        check('age', 'minimum', 'age is at least 18 and at most 120', violations),
        check('target', 'required', 'target is never empty', 0),
      ],
    },
    facts: { verdict: passed ? 'passed' : 'failed', failed: passed ? 0 : 1, rows },
  };
}

export function training({ random, model, text }: Scene, candidate: Candidate, from: string, to: string): Evidence {
  const status = 'Completed';
  return {
    kind: 'mlops.training.v1',
    name: text(candidate.job),
    body: {
      jobName: text(candidate.job),
      status,
      studioUrl: text(`https://ml.azure.com/runs/${candidate.job}`, 2048),
      experiment: text(model.name),
      metrics: named(candidate.metrics, text),
      params: { [text('alpha', 256)]: text(candidate.alpha, 500), [text('seed', 256)]: String(random.integer(1, 99)) },
      codeId: `${arm}/workspaces/${model.workspace}/codes/${random.uuid()}/versions/1`,
      environmentId: `${arm}/workspaces/${model.workspace}/environments/sklearn/versions/3`,
      commit: text(candidate.commit, 128),
      startTime: from,
      endTime: to,
    },
    facts: { job: text(candidate.job), status },
  };
}

export interface Comparison {
  decision: Decision;
  champion?: Version;
}

export function evaluation(scene: Scene, candidate: Candidate, { decision, champion }: Comparison): Evidence {
  const { random, model, text } = scene;
  const { name: metric, orientation } = model.metric;
  const [now, before] = [candidate.metrics[metric] ?? 0, champion?.candidate.metrics[metric]];
  const improvement = before === undefined ? 0 : orientation === 'higher' ? now - before : before - now;
  const width = decision === 'unsure' ? Math.abs(improvement) * 1.7 : Math.abs(improvement) * 0.6;
  const interval = { lower: improvement - width, upper: improvement + width, method: 'paired bootstrap', margin: 0 };
  const reason: Record<Decision, string> = {
    better: `${metric} improves by ${improvement.toPrecision(3)}; the whole interval lies above the margin.`,
    notBetter: `${metric} does not improve: the whole interval lies below the margin.`,
    unsure: `The interval of ${metric} holds the margin: the hold-out rows do not tell.`,
    firstModel: 'Nothing serves yet: there is no champion to compare with.',
  };
  return {
    kind: 'mlops.evaluation.v1',
    name: 'evaluation',
    body: {
      decision,
      promote: decision === 'better' || decision === 'firstModel',
      reason: text(reason[decision], 2000),
      candidate: { job: text(candidate.job), metrics: named(candidate.metrics, text) },
      ...(champion
        ? {
            champion: {
              model: modelOf(model, champion.version),
              job: text(champion.candidate.job),
              endpoint: text(`${model.name}-endpoint`),
              deployment: deploymentName(champion.version),
              metrics: named(champion.candidate.metrics, text),
            },
            comparison: { improvement, ...interval },
          }
        : {}),
      metric: text(metric),
      orientation,
      guardrails: champion
        ? [latencyGuardrail(scene, candidate.metrics['latency'] ?? 0, champion.candidate.metrics['latency'] ?? 0)]
        : [],
      segments: segmentValues.map((value, index) => ({
        segment: text('region'),
        value: text(value),
        rows: random.integer(60, 900),
        ...(index === 2
          ? { note: text('Too few rows.', 2000) }
          : { candidate: now * random.between(0.97, 1.03), champion: before }),
      })),
      holdout: {
        rows: random.integer(800, 5000),
        fingerprint: random.hex(64),
        predictions: text('predictions.csv', 1024),
        overlap: 1,
      },
      policy: {
        confidence: 0.95,
        margin: 0,
        minimumImprovement: 0,
        resamples: 2000,
        seed: 7,
        minimumRows: 500,
        minimumOverlap: 0.9,
        sha256: random.hex(64),
      },
      warnings: random.chance(0.1) ? [text('The hold-out rows are older than 90 days.', 2000)] : [],
    },
    facts: {
      decision,
      metric: text(metric, 60),
      orientation,
      candidate: now,
      ...(champion && before !== undefined ? { champion: before, championVersion: champion.version } : {}),
    },
  };
}

/** Lower is better. The margin is wide enough for every candidate of a story, whose decision rests on its own metric. */
function latencyGuardrail({ random, text }: Scene, now: number, before: number) {
  const improvement = before - now;
  const width = 1 + Math.abs(random.between(-1, 2));
  const [lower, upper, margin] = [improvement - width, improvement + width, -35];
  return { metric: text('latency'), passed: lower > margin, improvement, lower, upper, method: 'difference', margin };
}

export function modelVersion(
  { random, model, text }: Scene,
  { version, candidate, digest }: Version,
  card: string,
): Evidence {
  return {
    kind: 'mlops.model-version.v1',
    name: text(`${model.name}.${version}`),
    body: {
      model: modelOf(model, version),
      job: text(candidate.job),
      path: text('model', 1024),
      modelType: 'mlflow_model',
      digest,
      created: !random.chance(0.02),
      metrics: named(candidate.metrics, text),
      tags: { [text('team', 256)]: text(model.group.name, 500) },
      params: { [text('alpha', 256)]: text(candidate.alpha, 500) },
      environment: `${arm}/workspaces/${model.workspace}/environments/sklearn/versions/3`,
      signature: { inputs: text('[{"name":"age","type":"long"}]'), outputs: text('[{"type":"double"}]') },
      card,
      commit: text(candidate.commit, 128),
      dataFingerprint: candidate.fingerprint,
    },
    facts: {
      model: model.name.slice(0, 200),
      version,
      workspace: model.workspace,
      metrics: named(candidate.metrics, (name) => text(name, 60)),
    },
  };
}

/** @param isNew `false`: the image was in the registry already */
export function packaged({ random, model, text }: Scene, { version, image, digest }: Version, isNew = true): Evidence {
  return {
    kind: 'mlops.package.v1',
    name: text(`${model.name}.${version}`),
    body: {
      image: text(image, 2048),
      digest: `sha256:${image.slice(-64)}`,
      registry: 'mlops.azurecr.io',
      model: modelOf(model, version),
      modelDigest: digest,
      ...(isNew ? { buildRun: `ca${random.integer(1, 999)}` } : {}),
      baseImage: text('mcr.microsoft.com/azureml/minimal-ubuntu22.04-py39-cpu-inference', 2048),
      contextDigest: `sha256:${random.hex(64)}`,
    },
    facts: { model: model.name.slice(0, 200), version, image: text(image, 300) },
  };
}

export interface Rollout {
  target: 'containerInstance' | 'managedEndpoint';
  environment: string;
  previous?: Version;
  /** Percent by deployment of an endpoint, before the step and after it. */
  trafficBefore?: Record<string, number>;
  traffic?: Record<string, number>;
  approval?: Record<string, unknown> & { id: string };
}

export function deployment({ model, text }: Scene, { version, image }: Version, rollout: Rollout): Evidence {
  const { target, environment, previous, trafficBefore, traffic, approval } = rollout;
  const isManaged = target === 'managedEndpoint';
  const name = text(`${model.name}-${isManaged ? 'endpoint' : 'staging'}`);
  const both = {
    target,
    place: isManaged
      ? `${arm}/workspaces/${model.workspace}/onlineEndpoints/${encodeURIComponent(model.name)}-endpoint`
      : `${group}/Microsoft.ContainerInstance/containerGroups/${encodeURIComponent(model.name)}-staging`,
    ...(isManaged ? { deployment: deploymentName(version), traffic } : {}),
    ...(trafficBefore === undefined ? {} : { trafficBefore }),
    image: text(image, 300),
    environment,
  };
  return {
    kind: 'mlops.deployment.v1',
    // A stage may deploy twice, a canary and then all: each step has a record of its own.
    name: text(`deployment-${isCanary(traffic) ? 'canary-' : ''}${model.name}`),
    body: {
      ...both,
      name,
      ...(isManaged && previous ? { previousDeployment: deploymentName(previous.version) } : {}),
      scoringUri: text(`https://${model.workspace}.westeurope.inference.ml.azure.com/score`, 2048),
      model: modelOf(model, version),
      approval,
    },
    facts: {
      ...both,
      service: name.slice(0, 200),
      model: model.name.slice(0, 200),
      version,
      ...(approval ? { approval: approval.id } : {}),
    },
  };
}

export function smoke({ random, model, text }: Scene, environment: string, passed: boolean): Evidence {
  const requests = Array.from({ length: 5 }, (_, index) => {
    const fine = passed || index !== 3;
    return {
      index,
      status: fine ? 200 : 500,
      latencyMs: random.between(20, 240),
      passed: fine,
      ...(fine ? {} : { problem: text('The answer has no member "prediction".', 2000) }),
    };
  });
  const p95 = Math.max(...requests.map((one) => one.latencyMs));
  const verdict = passed ? 'passed' : 'failed';
  return {
    kind: 'mlops.smoke.v1',
    name: 'smoke',
    body: {
      verdict,
      scoringUri: text(`https://${model.workspace}.westeurope.inference.ml.azure.com/score`, 2048),
      endpoint: text(`${model.name}-endpoint`),
      authentication: 'key',
      requestsSha256: random.hex(64),
      expectation: text('smoke/answer.schema.json', 2000),
      startupSeconds: random.between(1, 40),
      p95LatencyMs: p95,
      maxLatencyMs: 2000,
      sent: 5,
      planned: 5,
      problems: [],
      requests,
    },
    facts: { verdict, environment, p95 },
  };
}

function isCanary(traffic: Record<string, number> = {}): boolean {
  return Object.values(traffic).some((share) => share > 0 && share < 100);
}

/** A deployment is named for its version. */
export function deploymentName(version: string): string {
  return `v${version}`;
}

function modelOf(model: Model, version: string): Record<string, unknown> {
  return {
    name: model.name,
    version,
    id: `${arm}/workspaces/${model.workspace}/models/${encodeURIComponent(model.name)}/versions/${version}`.slice(
      0,
      2048,
    ),
  };
}

function named(metrics: Record<string, number>, text: Text): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [text(name, 256), value]));
}
