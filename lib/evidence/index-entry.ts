import type { EvidenceKind } from './evidence';

/**
 * The compact, untrusted index of a run: one build property a kind, `mlops.v1.<kind>`, whose value is JSON, a list of entries,
 * at most 16 KiB. Anybody who may edit builds can change it; pages compare it with the records and say when they differ.
 */
export interface IndexFacts {
  'mlops.data-sanity.v1': { verdict: string; failed: number; rows: number };
  'mlops.training.v1': { job: string; status: string };
  'mlops.evaluation.v1': {
    decision: string;
    metric: string;
    orientation: string;
    candidate?: number;
    champion?: number;
    championVersion?: string;
  };
  'mlops.model-version.v1': {
    model: string;
    version: string;
    workspace: string;
    /** At most five, the headline metric first. */
    metrics: Record<string, number>;
    /** `false` where an earlier run had registered it; absent otherwise. */
    created?: boolean;
  };
  'mlops.package.v1': { model: string; version: string; image: string };
  'mlops.deployment.v1': {
    target: string;
    /** Endpoint, container group or Kubernetes deployment. */
    service: string;
    /** Where that is, as the record says it: two services of one name are told apart by it. */
    place?: string;
    deployment?: string;
    model?: string;
    version?: string;
    /** Of the model; absent where it is of a registry, or the step does not know it. */
    workspace?: string;
    image?: string;
    /** Percent by deployment, before the step and after it. */
    trafficBefore?: Record<string, number>;
    traffic?: Record<string, number>;
    /** Azure DevOps environment of the job, where it has one. */
    environment?: string;
    /** Id of the approval that let it in. */
    approval?: string;
  };
  'mlops.smoke.v1': { verdict: string; environment?: string; p95?: number };
}

/** Name of the workspace that something lies in by its ARM id; what lies in a registry or a cluster lies in none. */
export function workspaceOf(id = ''): string | undefined {
  return /\/providers\/[^/]+\/workspaces\/([^/]+)\//i.exec(id)?.[1];
}

export interface EntryOfAnyKind {
  /** Name of the attachment. */
  name: string;
  /** SHA-256 of its bytes. */
  sha256: string;
  /** Stage that left it. */
  stage: string;
  /** ISO 8601 in UTC, to the second. */
  at: string;
  /**
   * Attempt of the stage, for deployments that are not of the first: what the attempts before left serving stays in the index,
   * for it did serve.
   */
  attempt?: number;
}

export type IndexEntry<K extends EvidenceKind = EvidenceKind> = EntryOfAnyKind & IndexFacts[K];

/** Name of the build property that holds a kind's entries: `mlops.v1.evaluation`. */
export function indexProperty(kind: EvidenceKind): string {
  return `mlops.v1.${kind.split('.')[1] ?? kind}`;
}

/** Tags of a run by which it is found; the model's name only as a digest, for everybody can list a project's tags. */
export const runTag = 'mlops';
export const kindTags = {
  'mlops.model-version.v1': 'mlops.register',
  'mlops.evaluation.v1': 'mlops.evaluate',
  'mlops.deployment.v1': 'mlops.deploy',
} as const satisfies Partial<Record<EvidenceKind, string>>;

/** `mlops.m.3f9a01bc`: the first eight digits of the SHA-256 of the model's name. */
export function modelTag(sha256OfName: string): string {
  return `mlops.m.${sha256OfName.slice(0, 8)}`;
}
