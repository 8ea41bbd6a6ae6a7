import type { Lineage, LineageEdge, LineageNode } from '../../components/charts/lineage/graph';
import { cut } from '../../components/display-text';
import type { Indexed } from '../../data/types';
import type { Known } from './known';

/** Addresses of what nodes stand for. */
export interface Addresses {
  version: (model: string, version: string) => string;
  run: (run: { url: string }) => string;
}

/** From commit and data over the job to the version, and on to its evaluation, images and deployments. */
export function lineageOf(known: Known, addresses: Addresses): Lineage {
  const { version } = known;
  const { run } = version;
  const graph: Graph = { nodes: [], edges: [], href: addresses.run(run) };
  graph.nodes.push({
    id: 'commit',
    kind: 'commit',
    label: cut(run.commit, 12),
    detail: run.branch.replace(/^refs\/heads\//, ''),
    href: graph.href,
  });
  const job = addOrigin(known, graph);
  graph.nodes.push({
    id: 'version',
    kind: 'model version',
    label: `${version.model} ${version.version}`,
    href: addresses.version(version.model, version.version),
    isCurrent: true,
  });
  graph.edges.push({ from: job ?? 'commit', to: 'version' });
  addEvaluation(known, graph, addresses);
  addImages(known, graph, addresses);
  addDeployments(known, graph, addresses);
  return graph;
}

interface Graph extends Lineage {
  nodes: LineageNode[];
  edges: LineageEdge[];
  /** The run that registered the version: where what it left is seen. */
  href: string;
}

/** Data and job. Gives the job's id, where one is known. */
function addOrigin({ records }: Known, { nodes, edges, href }: Graph): string | undefined {
  const { training, registered, dataSanity } = records;
  const fingerprint = registered?.body.dataFingerprint;
  const tested = dataSanity?.body;
  const data = fingerprint ?? tested?.dataFingerprint;
  const job = registered?.body.job ?? training?.body.jobName;
  if (data !== undefined) {
    nodes.push({
      id: 'data',
      kind: 'data',
      label: cut(data.replace(/^sha256:/, ''), 12),
      // Another fingerprint's rows and verdict are not those of this data.
      detail: tested?.dataFingerprint === data ? `${tested.rowCount} rows, ${tested.verdict}` : 'not tested',
      href,
    });
    edges.push({ from: 'data', to: job === undefined ? 'version' : 'job' });
  }
  if (job === undefined) return undefined;
  nodes.push({ id: 'job', kind: 'job', label: job, detail: training?.body.status, href });
  edges.push({ from: 'commit', to: 'job' });
  return 'job';
}

function addEvaluation({ records: { evaluation } }: Known, { nodes, edges, href }: Graph, addresses: Addresses): void {
  if (evaluation === undefined) return;
  const { decision, metric, champion } = evaluation.body;
  nodes.push({ id: 'evaluation', kind: 'evaluation', label: decision, detail: `by ${metric}`, href });
  edges.push({ from: 'version', to: 'evaluation' });
  if (champion === undefined) return;
  const { name, version } = champion.model;
  nodes.push({
    id: 'champion',
    kind: 'production then',
    label: `${name} ${version}`,
    href: addresses.version(name, version),
  });
  edges.push({ from: 'champion', to: 'evaluation' });
}

function addImages({ packages }: Known, { nodes, edges }: Graph, addresses: Addresses): void {
  for (const [index, { run, entry }] of packages.entries()) {
    const [name = entry.image, digest] = entry.image.split('@');
    nodes.push({
      id: `image ${index}`,
      kind: 'image',
      // The registry's long name would leave no room for the image's own.
      label: name.slice(name.lastIndexOf('/') + 1),
      detail: digest && cut(digest, 22),
      href: addresses.run(run),
    });
    edges.push({ from: 'version', to: `image ${index}` });
  }
}

/** One node a place that the version was deployed to, from the image that was deployed where it is known. */
function addDeployments({ deployments, packages }: Known, { nodes, edges }: Graph, addresses: Addresses): void {
  const places = new Map<string, (typeof deployments)[number]>();
  for (const event of deployments) {
    const key = JSON.stringify([event.environment, event.entry.service, event.entry.deployment]);
    if (!places.has(key)) places.set(key, event);
  }
  for (const [key, { environment, entry, run }] of places) {
    const share = shareOf(entry);
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

/** Percent that the step left its deployment. */
function shareOf({ deployment, traffic = {} }: Known['deployments'][number]['entry']): number | undefined {
  return deployment !== undefined && Object.hasOwn(traffic, deployment) ? traffic[deployment] : undefined;
}

/** The image of the same run, else the newest that was there before it. */
function packageBefore(packages: readonly Indexed<'mlops.package.v1'>[], runId: number): number {
  const own = packages.findIndex(({ run }) => run.id === runId);
  return own >= 0 ? own : packages.findIndex(({ run }) => run.id < runId);
}
