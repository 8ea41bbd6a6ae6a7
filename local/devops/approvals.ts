import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { join } from 'node:path';

import type { ChecksRequest, PendingApproval } from '../agent/server';
import type { Collection } from './collection';
import { decide, reassign, settle, type Decision, type Reassignment } from './approval-rules';
import { approvalSettings, isApproval, isCarriedOut, recordType, titleOf } from './check-kinds';
import { ServiceError } from './errors';
import { readDocument, writeDocument } from './files';
import { approvalShape, type Approval, type CheckConfiguration } from './model';
import type { Runs } from './runs';
import { list } from './shape';

export type ChecksOutcome = 'passed' | 'rejected' | 'timedOut' | 'canceled';

const longestTimerMs = 2 ** 31 - 1;

/** The gate before a stage: which approvals are open, who decided what. Kept in `approvals.json`. */
export class Approvals {
  private readonly approvals: Approval[];
  private readonly file: string;
  private readonly events = new EventEmitter().setMaxListeners(0);

  constructor(
    private readonly collection: Collection,
    private readonly runs: Runs,
  ) {
    this.file = join(collection.folder, 'approvals.json');
    this.approvals = readDocument(this.file, list(approvalShape)) ?? [];
    // Older states kept a bypass as approved.
    for (const approval of this.approvals) if (approval.bypassed) approval.status = 'skipped';
    // Runs that were lost with their process wait for nobody any more.
    for (const approval of this.approvals) {
      if (isOpen(approval) && runs.get(approval.runId).state === 'completed') this.close(approval, 'canceled');
    }
    this.save();
  }

  all(): Approval[] {
    return this.approvals;
  }

  get(id: string): Approval {
    const found = this.approvals.find((one) => one.id.toLowerCase() === id.toLowerCase());
    if (!found) throw this.notFound(id);
    return found;
  }

  notFound(id: string): ServiceError {
    return new ServiceError(404, 'ApprovalNotFoundException', `Approval with ID ${id} does not exist.`);
  }

  /** Decides in the name of a person. All rules are in approval-rules.ts. */
  decide(decision: Decision & { approvalId: string }, by: string): Approval {
    const approval = this.get(decision.approvalId);
    decide(approval, decision, by, this.collection);
    this.changed(approval);
    return approval;
  }

  /** `anyStep`: an administrator of the environment reassigns a step that is not their own. */
  reassign(id: string, change: Omit<Reassignment, 'by'>, by: string): Approval {
    const approval = this.get(id);
    reassign(approval, { ...change, by }, this.collection);
    this.changed(approval);
    return approval;
  }

  /** An administrator of the environment lets the stage pass without a decision: skipped, never approved, and by whom. */
  bypass(id: string, by: string): Approval {
    const approval = this.get(id);
    if (!isOpen(approval)) throw closed(approval);
    approval.bypassed = true;
    approval.bypassedBy = by;
    this.close(approval, 'skipped', by);
    this.changed(approval);
    return approval;
  }

  /** Opens the approvals a stage needs and waits for all of them. Deleting nothing: what was decided stays on record. */
  async wait(
    request: ChecksRequest,
    signal: AbortSignal,
    onPending: (approvals: PendingApproval[]) => void,
  ): Promise<ChecksOutcome> {
    if (signal.aborted) return 'canceled';
    const opened = this.open(request);
    if (opened.length === 0) return 'passed';
    onPending(opened.map((approval) => this.pending(approval)));
    const outcomes = await Promise.all(opened.map((approval) => this.settled(approval, signal)));
    const outcome = worst(outcomes);
    this.finishCheckpoint(request, opened, outcome);
    return outcome;
  }

  private open(request: ChecksRequest): Approval[] {
    const configurations = this.collection.state.checks.filter(
      (check) =>
        !check.isDisabled &&
        check.resource.type === 'environment' &&
        request.environments.some((environment) => String(environment.id) === check.resource.id),
    );
    this.refuseForeign(request, configurations);
    const decided = configurations.filter(isApproval);
    if (decided.length === 0) return [];
    const checkpointId = randomUUID();
    const opened = decided.map((check) => this.newApproval(request, check, checkpointId));
    const now = new Date().toISOString();
    this.runs.updateRecords(request.runId, [
      {
        id: checkpointId,
        parentId: request.stage.recordId,
        type: 'Checkpoint',
        name: 'Checkpoint',
        identifier: 'Checkpoint',
        refName: 'Checkpoint',
        state: 'inProgress',
        startTime: now,
        attempt: request.stage.attempt,
        order: 1,
      },
      ...opened.map((approval, index) => ({
        id: approval.id,
        parentId: checkpointId,
        type: 'Checkpoint.Approval' as const,
        name: 'Checkpoint.Approval',
        identifier: approval.id,
        state: 'inProgress' as const,
        startTime: now,
        attempt: request.stage.attempt,
        order: index + 1,
      })),
    ]);
    this.approvals.push(...opened);
    this.save();
    return opened;
  }

  /** A check that nobody carries out here must not count as passed: the stage ends, and the record says which one it was. */
  private refuseForeign(request: ChecksRequest, configurations: CheckConfiguration[]): void {
    const foreign = configurations.filter((check) => !isCarriedOut(check));
    if (foreign.length === 0) return;
    const words = foreign.map(
      (check) => `'${titleOf(check)}' on environment '${check.resource.name ?? check.resource.id}'`,
    );
    const message = `Stage '${request.stage.name}' needs the check ${words.join(' and ')}, which the local Azure DevOps keeps but does not carry out. Disable it for local runs, or use another environment.`;
    const now = new Date().toISOString();
    const ended = { state: 'completed' as const, result: 'failed' as const, startTime: now, finishTime: now };
    const checkpoint = { id: randomUUID(), parentId: request.stage.recordId, type: 'Checkpoint', name: 'Checkpoint' };
    const issues = [{ type: 'error' as const, message }];
    this.runs.updateRecords(request.runId, [
      { ...checkpoint, ...ended, identifier: 'Checkpoint', refName: 'Checkpoint', order: 1, issues },
      ...foreign.map((check, index) => {
        const type = recordType(check);
        return { id: randomUUID(), parentId: checkpoint.id, type, name: type, ...ended, order: index + 1 };
      }),
    ]);
    throw new Error(message);
  }

  private newApproval(request: ChecksRequest, check: CheckConfiguration, checkpointId: string): Approval {
    const now = new Date().toISOString();
    const settings = approvalSettings(check);
    const environment = this.collection.environment(Number(check.resource.id));
    const requester = this.runs.get(request.runId).requestedFor;
    const inSequence = settings.executionOrder === 'inSequence';
    const blocked = (settings.blockedApprovers ?? []).map((one) => one.id);
    if (settings.requesterCannotBeApprover) blocked.push(requester);
    const approval: Approval = {
      id: randomUUID(),
      runId: request.runId,
      stage: { ...request.stage },
      checkpointId,
      configurationId: check.id,
      environment: { id: environment.id, name: environment.name },
      status: 'pending',
      createdOn: now,
      lastModifiedOn: now,
      expiresOn: new Date(Date.now() + check.timeout * 60_000).toISOString(),
      executionOrder: inSequence ? 'inSequence' : 'anyOrder',
      minRequiredApprovers: settings.minRequiredApprovers ?? 0,
      instructions: settings.instructions ?? '',
      blockedApprovers: [...new Set(blocked)],
      steps: settings.approvers.map((approver, index) => ({
        order: index + 1,
        assignedApprover: approver.id,
        status: inSequence && index > 0 ? 'uninitiated' : 'pending',
        comment: '',
        ...(inSequence && index > 0 ? {} : { initiatedOn: now }),
        lastModifiedOn: now,
        lastModifiedBy: requester,
        history: [],
      })),
    };
    return approval;
  }

  /** Waits until the approval is decided; ends it when its time is over or the run is cancelled. */
  private settled(approval: Approval, signal: AbortSignal): Promise<ChecksOutcome> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const look = (): void => {
        clearTimeout(timer);
        if (signal.aborted && isOpen(approval)) this.close(approval, 'canceled');
        else if (isOpen(approval) && Date.now() >= Date.parse(approval.expiresOn)) this.close(approval, 'timedOut');
        else settle(approval, new Date());
        if (isOpen(approval)) {
          timer = setTimeout(look, Math.min(longestTimerMs, nextMoment(approval) - Date.now()));
          return;
        }
        this.events.off(approval.id, look);
        signal.removeEventListener('abort', look);
        this.save();
        resolve(outcomeOf(approval));
      };
      this.events.on(approval.id, look);
      signal.addEventListener('abort', look);
      look();
    });
  }

  private finishCheckpoint(request: ChecksRequest, approvals: Approval[], outcome: ChecksOutcome): void {
    const now = new Date().toISOString();
    const finished = { state: 'completed' as const, finishTime: now };
    const first = approvals[0];
    if (!first) return;
    this.runs.updateRecords(request.runId, [
      { id: first.checkpointId, type: 'Checkpoint', name: 'Checkpoint', ...finished, result: resultOf(outcome) },
      ...approvals.map((approval) => ({
        id: approval.id,
        type: 'Checkpoint.Approval' as const,
        name: 'Checkpoint.Approval',
        ...finished,
        result: approval.bypassed ? ('skipped' as const) : resultOf(outcomeOf(approval)),
      })),
    ]);
  }

  private pending(approval: Approval): PendingApproval {
    return {
      id: approval.id,
      environment: approval.environment.name,
      approvers: approval.steps.map((step) => this.collection.identity(step.assignedApprover).displayName),
      instructions: approval.instructions,
    };
  }

  private close(approval: Approval, status: 'canceled' | 'timedOut' | 'skipped', by?: string): void {
    const now = new Date().toISOString();
    approval.status = status;
    approval.lastModifiedOn = now;
    for (const step of approval.steps) {
      if (step.status !== 'pending' && step.status !== 'uninitiated' && step.status !== 'deferred') continue;
      step.status = status;
      step.lastModifiedOn = now;
      if (by !== undefined) step.lastModifiedBy = by;
    }
  }

  private changed(approval: Approval): void {
    this.save();
    this.events.emit(approval.id);
  }

  private save(): void {
    writeDocument(this.file, this.approvals);
  }
}

export function isOpen(approval: Approval): boolean {
  return approval.status === 'pending' || approval.status === 'deferred' || approval.status === 'uninitiated';
}

export function closed(approval: Approval): ServiceError {
  return new ServiceError(
    400,
    'ApprovalUpdateException',
    `Approval ${approval.id} is not pending any more: it is ${approval.status}.`,
  );
}

function nextMoment(approval: Approval): number {
  const deferred = approval.steps.flatMap((step) =>
    step.status === 'deferred' && step.deferredTo !== undefined ? [Date.parse(step.deferredTo)] : [],
  );
  return Math.min(Date.parse(approval.expiresOn), ...deferred);
}

function outcomeOf(approval: Approval): ChecksOutcome {
  if (approval.status === 'approved' || approval.bypassed) return 'passed';
  if (approval.status === 'rejected' || approval.status === 'timedOut') return approval.status;
  return 'canceled';
}

function worst(outcomes: ChecksOutcome[]): ChecksOutcome {
  const order: ChecksOutcome[] = ['canceled', 'rejected', 'timedOut'];
  return order.find((outcome) => outcomes.includes(outcome)) ?? 'passed';
}

function resultOf(outcome: ChecksOutcome): 'succeeded' | 'failed' | 'canceled' | 'skipped' {
  if (outcome === 'passed') return 'succeeded';
  if (outcome === 'rejected') return 'failed';
  return outcome === 'timedOut' ? 'skipped' : 'canceled';
}
