import type { EvidenceKind } from '../../lib/evidence/evidence';
import type { ManifestItem } from '../../lib/evidence/manifest';
import type { Problem } from '../devops/problems';
import type { RunGates } from './gate';
import type { Approval, DeploymentEvent, Indexed, ModelVersion, Run, RunEvidence } from './types';

/** What the hooks of `queries.ts` give to the pages. A problem never empties what was read before it. */

export interface Loading {
  /** Nothing to show yet. */
  isLoading: boolean;
  /** Something is being asked for, possibly behind what is shown. */
  isFetching: boolean;
  problem?: Problem;
  refresh: () => void;
}

/** A list that comes in pages, newest first. */
export interface Paged extends Loading {
  /** Absent when there is no more. */
  loadMore?: () => void;
  isLoadingMore: boolean;
  /** Rows of the index that could not be read, each with the reason in words. */
  unreadable: UnreadableEntry[];
}

/** An index value that is not what it should be: the run is shown, and why its entry is not. */
export interface UnreadableEntry {
  run: Run;
  kind: EvidenceKind;
  problem: string;
}

export interface Registrations extends Paged {
  /** A version appears once for each run that registered it. */
  versions: ModelVersion[];
}

export interface DeploymentEvents extends Paged {
  events: DeploymentEvent[];
  /** Every deployment of a run that was queued at this time or later is loaded; absent when all are, or none is. */
  loadedSince?: string;
}

export type ApprovalScope = 'mine' | 'pending' | 'history';

export interface Approvals extends Loading {
  /** Only those whose run the viewer may see. `stage` is known to `useGate` only. */
  approvals: Approval[];
  /** The service gave as many as one request takes: there may be more, older ones. */
  isCut: boolean;
}

export interface ApprovalResult extends Loading {
  approval?: Approval;
}

/** To be looked up by runs that are shown: an entry for any other run is not to be shown or counted. */
export interface WaitingByRun extends Loading {
  /** Ids of approvals by id of run. */
  byRun: ReadonlyMap<number, readonly string[]>;
}

/** What an approver decides about. */
export interface Gate {
  approval: Approval;
  stage?: string;
  items: ManifestItem[];
  /** Digest of the manifest; absent when an attachment could not be hashed: then nothing can be decided here. */
  digest?: string;
  /** Why there is no digest. */
  unbound?: string;
  /** When this was read, ISO 8601. */
  openedAt: string;
  /** Everything that the run left, with what is wrong with it; the digest covers `items` of it. */
  evidence: RunEvidence;
}

export interface GateResult extends Loading {
  gate?: Gate;
}

/** What the viewer decided. `digest` is the one that was shown. */
export type Decision =
  | { status: 'approved'; approval: Approval; digest: string; comment: string }
  | { status: 'rejected'; approval: Approval; digest: string; comment: string }
  | { status: 'deferred'; approval: Approval; digest: string; comment: string; /** ISO 8601 */ deferredTo: string };

export interface Decide {
  /** Resolves with the approval as it is afterwards. Rejects with what `problem` then holds. */
  decide: (decision: Decision) => Promise<Approval>;
  isDeciding: boolean;
  /** Whether the last decision left the browser: without an answer nobody knows here whether it took effect. */
  wasSent: boolean;
  problem?: Problem;
  reset: () => void;
}

export interface RunResult extends Loading {
  run?: Run;
}

export interface RunEvidenceResult extends Loading {
  evidence?: RunEvidence;
}

export interface ModelVersionResult extends Loading {
  /** The registration; the newest one when several runs registered the version. */
  version?: ModelVersion;
  /** All runs that registered this version. More than one deserves a word on the page. */
  registrations: ModelVersion[];
  /** Whether the search ended without a registration. */
  isMissing: boolean;
  /** Records of the registering run. */
  evidence?: RunEvidence;
  evidenceProblem?: Problem;
  /** Gates of the registering run, where it deployed something. */
  gates?: RunGates;
  gatesProblem?: Problem;
  /** Packages of this version, in this or other runs, newest first. */
  packages: Indexed<'mlops.package.v1'>[];
  /** Deployments of this version, newest first. */
  deployments: DeploymentEvent[];
  /** Smoke tests of the runs that deployed it, newest first. */
  smokeTests: Indexed<'mlops.smoke.v1'>[];
  /** Every deployment that was read, of any model: what replaced this one, and what it replaced. */
  modelDeployments: DeploymentEvent[];
  /** Other versions of the model among the runs that were read, newest first. */
  siblings: ModelVersion[];
  /** There are older runs of the model, which were not read. */
  hasOlder: boolean;
}

export interface Change {
  id: string;
  message: string;
  author: string;
  at?: string;
  /** Only when it lies on the organisation's own host. */
  url?: string;
}

export interface Changes extends Loading {
  changes: Change[];
}

/** A check of a stage that was passed without the decision it asks for. */
export interface Bypass {
  stage: string;
  /** `Approval`, `Required template`, … */
  check: string;
  approvalId?: string;
  message: string;
}

export interface Bypasses extends Loading {
  bypasses: Bypass[];
  /** Stages whose checks, but for their approvals, the service does not show. */
  unread: string[];
}

export interface Teams extends Loading {
  teams: { id: string; name: string }[];
}

/** One rule of the audit and what came of it: the sentence says what to do when it is not met. */
export interface AuditFinding {
  rule: 'approval' | 'requester' | 'template' | 'exclusiveLock' | 'branch';
  met: boolean;
  text: string;
}

export interface AuditedEnvironment {
  id: number;
  name: string;
  isProduction: boolean;
  findings: AuditFinding[];
  /** Names of approvers, for the approval check. */
  approvers: string[];
  /** Names of checks beyond those of the findings. */
  otherChecks: string[];
  /** What the viewer may do with it by their own rights, without what administrators may besides. */
  viewer?: { view: boolean; use: boolean; administer: boolean };
}

export interface AuditedFolder {
  /** `\mlops\team-a` */
  path: string;
  pipelines: { id: number; name: string }[];
  viewer?: { viewRuns: boolean; queueRuns: boolean; editPipelines: boolean; administer: boolean };
}

/** Each part was asked for by itself: one that fails leaves the others. */
export interface EnvironmentAudit {
  environments: {
    rows: AuditedEnvironment[];
    /** There are more than one page gives. */
    isCut: boolean;
    /** Findings say nothing until the checks were read. */
    checksKnown: boolean;
    problem?: Problem;
    checksProblem?: Problem;
  };
  folders: { rows: AuditedFolder[]; problem?: Problem };
  /** Why the viewer's own rights are unknown. */
  rightsProblem?: Problem;
  teams: { rows: { id: string; name: string }[]; problem?: Problem };
  isLoading: boolean;
  refresh: () => void;
}
