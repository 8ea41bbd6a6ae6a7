import { at, isRecord, number, text, textAt } from './json';
import { TaskError } from './errors';

/** Answers of Azure DevOps about a run, read once at the border (swagger build 7.1, approvalsAndChecks 7.1). */

export interface Identity {
  /** Lower case. */
  id?: string;
  /** Sign-in name; lower case. */
  uniqueName?: string;
  displayName: string;
}

export interface TimelineRecord {
  /** Lower case, as `parentId`. For a record of type `Checkpoint.Approval` also the id of the approval. */
  id: string;
  parentId?: string;
  /** `Stage`, `Phase`, `Job`, `Task`, `Checkpoint`, `Checkpoint.Approval`, … */
  type: string;
  name?: string;
  identifier?: string;
  refName?: string;
  /** `pending`, `inProgress`, `completed` */
  state?: string;
  attempt?: number;
  /** Milliseconds since 1970, by the service's clock. */
  finishTime?: number;
}

export interface RunAttachment {
  type: string;
  name: string;
  /** Lower case. */
  timelineId: string;
  /** Record of the step that left it; lower case. */
  recordId: string;
}

export interface Approval {
  /** Lower case. */
  id: string;
  /** `approved`, `pending`, `skipped`, `canceled`, … as the service writes it. */
  status: string;
  /** Milliseconds since 1970, by the service's clock: when the gate opened. */
  createdOn: number;
  /** 0: all of them. */
  minRequiredApprovers: number;
  steps: ApprovalStep[];
}

export interface ApprovalStep {
  status: string;
  comment: string;
  /** Who decided; absent as long as nobody has. */
  actualApprover?: Identity;
  /** ISO 8601 */
  lastModifiedOn?: string;
}

/** @throws TaskError that names what the answer lacks */
export function listOf<T>(what: string, value: unknown, read: (item: unknown) => T): T[] {
  if (!Array.isArray(value)) throw unexpected(what, 'is no list');
  return value.map(read);
}

export function readRequesters(run: unknown): Identity[] {
  const found = ['requestedFor', 'requestedBy'].map((key) => readIdentity(at(run, key)));
  const known = found.filter((identity) => identity !== undefined);
  if (known.length === 0) throw unexpected('run', 'names nobody who requested it');
  return known;
}

export function readPlans(run: unknown): string[] {
  const plans: unknown = at(run, 'plans');
  const listed: unknown[] = Array.isArray(plans) ? plans : [];
  return [at(run, 'orchestrationPlan'), ...listed].flatMap((plan) => textAt(plan, 'planId')?.toLowerCase() ?? []);
}

export function readIdentity(value: unknown): Identity | undefined {
  const id = textAt(value, 'id')?.toLowerCase();
  const uniqueName = textAt(value, 'uniqueName')?.toLowerCase();
  if (id === undefined && uniqueName === undefined) return undefined;
  return { id, uniqueName, displayName: textAt(value, 'displayName') ?? uniqueName ?? id ?? '' };
}

export function readTimelineRecord(value: unknown): TimelineRecord {
  const id = textAt(value, 'id');
  const type = textAt(value, 'type');
  if (!isRecord(value) || id === undefined || type === undefined) {
    throw unexpected('timeline', 'has a record without id or type');
  }
  return {
    id: id.toLowerCase(),
    type,
    parentId: text(value['parentId'])?.toLowerCase(),
    name: text(value['name']),
    identifier: text(value['identifier']),
    refName: text(value['refName']),
    state: text(value['state']),
    attempt: number(value['attempt']),
    finishTime: optionalTime(value['finishTime'], `timeline record ${id}`),
  };
}

const guid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const address = new RegExp(`/_apis/build/builds/(\\d+)/(${guid})/(${guid})/attachments/([^/]+)/([^/]+)$`, 'i');

/** The list names an attachment's step in the address only. */
export function readAttachment(value: unknown, type: string, runId: string): RunAttachment {
  const name = textAt(value, 'name');
  const href = textAt(value, '_links', 'self', 'href');
  const path = href !== undefined && URL.canParse(href) ? new URL(href).pathname : '';
  const [, run, timelineId = '', recordId = '', ofType = ''] = address.exec(path) ?? [];
  if (name === undefined || run !== runId || decodeURIComponent(ofType) !== type) {
    throw unexpected(
      `attachments ${type}`,
      `have an entry ${name ?? 'without a name'} whose address is not understood`,
    );
  }
  return { type, name, timelineId: timelineId.toLowerCase(), recordId: recordId.toLowerCase() };
}

/** Address of an attachment below its run. */
export function attachmentPath({ timelineId, recordId, type, name }: RunAttachment): string {
  return `${timelineId}/${recordId}/attachments/${encodeURIComponent(type)}/${encodeURIComponent(name)}`;
}

export function readApproval(value: unknown): Approval {
  const id = textAt(value, 'id')?.toLowerCase();
  const status = textAt(value, 'status');
  const createdOn = optionalTime(at(value, 'createdOn'), `approval ${id ?? ''}`);
  if (id === undefined || status === undefined || createdOn === undefined) {
    throw unexpected(`approval ${id ?? ''}`, 'lacks id, status or createdOn');
  }
  return {
    id,
    status,
    createdOn,
    minRequiredApprovers: number(at(value, 'minRequiredApprovers')) ?? 0,
    steps: listOf(`approval ${id}`, at(value, 'steps') ?? [], readStep),
  };
}

function readStep(value: unknown): ApprovalStep {
  const status = textAt(value, 'status');
  if (status === undefined) throw unexpected('approval', 'has a step without status');
  return {
    status,
    comment: textAt(value, 'comment') ?? '',
    actualApprover: readIdentity(at(value, 'actualApprover')),
    lastModifiedOn: checkedTime(textAt(value, 'lastModifiedOn')),
  };
}

function checkedTime(value: string | undefined): string | undefined {
  optionalTime(value, 'approval');
  return value;
}

/** Times decide what an approver could see; one without a zone would mean another moment on every agent. */
function optionalTime(value: unknown, where: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  const time = typeof value === 'string' && /(?:Z|[+-]\d\d:\d\d)$/i.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw unexpected(where, 'has a time that is none in UTC');
  return time;
}

function unexpected(what: string, why: string): TaskError {
  return new TaskError(`The answer of Azure DevOps is not understood: ${what} ${why}.`);
}
