import type { Lineage, LineageEdge, LineageNode } from '../../components/charts/lineage/graph';
import { cut } from '../../components/display-text';
import type { Indexed, RunEvidence } from '../../data/types';
import { recordOf, type Known } from './known';

/** Addresses of what nodes stand for. */
export interface Addresses {
  version: (model: string, version: string) => string;
  run: (run: { url: string }) => string;
}

/** From commit and data over the job to the version, and on to its evaluation, images and deployments. */
export function lineageOf(known: Known, addresses: Addresses): Lineage {
  const { version, evidence, packages } = known;
  const { run } = version;
  const href = addresses.run(run);
  const nodes: LineageNode[] = [
    {
      id: 'commit',
      kind: 'commit',
      label: cut(run.commit, 12),
      detail: run.branch.replace(/^refs\/heads\//, ''),
      href,
    },
    {
      id: 'version',
      kind: 'model version',
      label: `${version.model} ${version.version}`,
      href: addresses.version(version.model, version.version),
      isCurrent: true,
    },
  ];
  const edges: LineageEdge[] = [];
  const job = addOrigin(evidence, nodes, edges, href);
  edges.push({ from: job ?? 'commit', to: 'version' });
  addEvaluation(evidence, nodes, edges, addresses, href);
  for (const [index, { run: packed, entry }] of packages.entries()) {
    const [name = entry.image, digest] = entry.image.split('@');
    nodes.push({
      id: `image ${index}`,
      kind: 'image',
      label: name,
      detail: digest && cut(digest, 22),
      href: addresses.run(packed),
    });
    edges.push({ from: 'version', to: `image ${index}` });
  }
  addDeployments(known, nodes, edges, addresses);
  return { nodes, edges };
}

/** Data and job. Gives the job's id, where one is known. */
function addOrigin(
  evidence: RunEvidence | undefined,
  nodes: LineageNode[],
  edges: LineageEdge[],
  href: string,
): string | undefined {
  const training = recordOf(evidence, 'mlops.training.v1')?.body;
  const registered = recordOf(evidence, 'mlops.model-version.v1')?.body;
  const sanity = recordOf(evidence, 'mlops.data-sanity.v1')?.body;
  const fingerprint = sanity?.dataFingerprint ?? registered?.dataFingerprint ?? training?.dataFingerprint;
  const job = training?.jobName ?? registered?.job;
  if (fingerprint !== undefined) {
    nodes.push({
      id: 'data',
      kind: 'data',
      label: cut(fingerprint.replace(/^sha256:/, ''), 12),
      detail: sanity && `${sanity.rowCount} rows, ${sanity.verdict}`,
      href,
    });
    edges.push({ from: 'data', to: job === undefined ? 'version' : 'job' });
  }
  if (job === undefined) return undefined;
  nodes.push({ id: 'job', kind: 'job', label: job, detail: training?.status, href: training?.studioUrl ?? href });
  edges.push({ from: 'commit', to: 'job' });
  return 'job';
}

function addEvaluation(
  evidence: RunEvidence | undefined,
  nodes: LineageNode[],
  edges: LineageEdge[],
  addresses: Addresses,
  href: string,
): void {
  const evaluation = recordOf(evidence, 'mlops.evaluation.v1')?.body;
  if (evaluation === undefined) return;
  nodes.push({
    id: 'evaluation',
    kind: 'evaluation',
    label: evaluation.decision,
    detail: `by ${evaluation.metric}`,
    href,
  });
  edges.push({ from: 'version', to: 'evaluation' });
  const champion = evaluation.champion?.model;
  if (champion === undefined) return;
  nodes.push({
    id: 'champion',
    kind: 'production then',
    label: `${champion.name} ${champion.version}`,
    href: addresses.version(champion.name, champion.version),
  });
  edges.push({ from: 'champion', to: 'evaluation' });
}

/** One node a place that the version was deployed to, from the image that was deployed where it is known. */
function addDeployments(
  { deployments, packages }: Known,
  nodes: LineageNode[],
  edges: LineageEdge[],
  addresses: Addresses,
): void {
  const places = new Map<string, (typeof deployments)[number]>();
  for (const event of deployments) {
    const key = JSON.stringify([event.environment, event.entry.service, event.entry.deployment]);
    if (!places.has(key)) places.set(key, event);
  }
  for (const [key, { environment, entry, run }] of places) {
    const share = entry.deployment === undefined ? undefined : entry.traffic?.[entry.deployment];
    nodes.push({
      id: key,
      kind: 'deployment',
      label: entry.deployment ?? entry.service,
      detail: share === undefined ? environment : `${environment}, ${share} %`,
      href: addresses.run(run),
    });
    const image = entry.target === 'managedEndpoint' ? -1 : packageBefore(packages, run.id);
    edges.push({ from: image < 0 ? 'version' : `image ${image}`, to: key });
  }
}

/** The image of the same run, else the newest. */
function packageBefore(packages: readonly Indexed<'mlops.package.v1'>[], runId: number): number {
  const own = packages.findIndex(({ run }) => run.id === runId);
  return own >= 0 ? own : packages.length - 1;
}
