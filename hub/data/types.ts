import type { Evidence, EvidenceKind } from '../../lib/evidence/evidence';
import type { IndexEntry } from '../../lib/evidence/index-entry';

/** What the pages show. Everything here was read with the viewer's own rights; nothing is kept anywhere else. */

export interface Person {
  id: string;
  displayName: string;
  /** Mail address or account name, where the service gives one. */
  uniqueName?: string;
}

/** A run of a pipeline. Times are ISO 8601 in UTC. */
export interface Run {
  id: number;
  /** Build number: `20261121.1`. */
  number: string;
  /** Page of the run; always on the organisation's own host. */
  url: string;
  pipeline: { id: number; name: string; /** `\mlops\team-a` */ folder: string };
  branch: string;
  commit: string;
  requestedFor: Person;
  /** Who queued it: somebody else when it was queued for another person; absent where the service does not say. */
  requestedBy?: Person;
  reason: string;
  status: string;
  /** Absent while it runs. */
  result?: string;
  queuedAt: string;
  finishedAt?: string;
  tags: readonly string[];
}

/** An entry of a run's index with the run that carries it. The index is a hint: only records that were read and hashed are evidence. */
export interface Indexed<K extends EvidenceKind = EvidenceKind> {
  run: Run;
  entry: IndexEntry<K>;
}

/** A registered version as the list shows it. */
export interface ModelVersion {
  model: string;
  version: string;
  run: Run;
  registration: IndexEntry<'mlops.model-version.v1'>;
  /** The evaluation of the same run, when there was one. */
  evaluation?: IndexEntry<'mlops.evaluation.v1'>;
  dataSanity?: IndexEntry<'mlops.data-sanity.v1'>;
}

/** One deployment step: what it left serving where. */
export interface DeploymentEvent {
  run: Run;
  entry: IndexEntry<'mlops.deployment.v1'>;
  /** Name of the Azure DevOps environment, else of the stage. */
  environment: string;
  isProduction: boolean;
  at: string;
}

/** What answers requests in one place at one moment. */
export interface Serving {
  environment: string;
  isProduction: boolean;
  /** Endpoint, container group or Kubernetes deployment. */
  name: string;
  /** Where that is: ARM id, for Kubernetes with the namespace. */
  where?: string;
  /** Deployment of an endpoint. */
  deployment?: string;
  model?: string;
  version?: string;
  image?: string;
  /** Percent of the requests, 0–100. */
  traffic: number;
  /** When the version came. */
  since: string;
  /** The step that made it serve as it does. */
  event: DeploymentEvent;
}

/** A record that was read: its bytes hashed, its shape checked, compared with the index. */
export interface ReadRecord<K extends EvidenceKind = EvidenceKind> {
  kind: K;
  name: string;
  /** Stage that left it. */
  stage: string;
  /** SHA-256 of the bytes as attached, 64 hex digits. */
  sha256: string;
  body: Evidence<K>;
}

/** What is wrong with a run's evidence; each has its own sentence on the page (`problemText`). */
export interface EvidenceProblem {
  kind:
    | 'notThisShape'
    | 'unknownVersion'
    | 'notCanonical'
    | 'indexDiffers'
    | 'notInIndex'
    | 'missing'
    | 'unreadable'
    | 'tooLarge'
    | 'clockSkew';
  /** Type of the attachment. */
  type: string;
  name: string;
  stage?: string;
  detail: string;
}

/** Everything a run left behind, newest attempt of each stage. */
export interface RunEvidence {
  run: Run;
  records: ReadRecord[];
  problems: EvidenceProblem[];
}

/** A model version as an index names it: with its workspace where it was registered. */
export interface NamedVersion {
  model: string;
  version: string;
  workspace?: string;
}

/** An approval that a stage waits or waited for, with the run's evidence named by one digest. */
export interface Approval {
  id: string;
  status: string;
  run: Run;
  /** Model versions that the run's index names: a hint, in lists only. */
  named?: readonly NamedVersion[];
  /** Stage that waits. */
  stage?: string;
  instructions: string;
  createdAt: string;
  changedAt: string;
  minRequiredApprovers: number;
  inSequence: boolean;
  steps: ApprovalStep[];
  blocked: Person[];
  /** Whether the viewer may decide, as the service says. */
  mayDecide: boolean;
}

export interface ApprovalStep {
  assigned: Person & { isGroup: boolean };
  /** Who decided. */
  actual?: Person;
  status: string;
  comment: string;
  order: number;
  changedAt?: string;
  deferredTo?: string;
  /** The digest that the comment carries. */
  evidenceSha256?: string;
}

/** A deployment step as index or record name it. */
export interface ProvenStep {
  run: Run;
  stage: string;
  /** Name of the attachment. */
  name: string;
  sha256: string;
  /** Of the stage; the first when absent. */
  attempt?: number;
  /** The environment that index or record claim; any step of the job can set the variable that names it. */
  environment?: string;
  /** The approval that index or record claim. */
  approval?: string;
}
