/** What can come of a request instead of an answer. Texts in it come from the service: show them as text only. */
export type Problem =
  | { kind: 'unauthorized' }
  | { kind: 'forbidden'; message: string }
  | { kind: 'missingScopeOrOffline'; offline: boolean }
  | { kind: 'notFound'; message: string; deleted: boolean }
  | { kind: 'conflict'; message: string }
  | { kind: 'throttled'; retryAfterSeconds?: number }
  | { kind: 'badRequest'; status: number; message: string }
  | { kind: 'serverError'; status: number; message: string; activityId?: string }
  | { kind: 'notJson'; contentType: string }
  | { kind: 'tooLarge'; limitBytes: number }
  | { kind: 'timeout'; seconds: number }
  | { kind: 'unexpectedShape'; where: string; expected: string }
  | { kind: 'foreignLink'; where: string }
  | { kind: 'refused'; reason: Refusal; detail?: string }
  | { kind: 'unexpected'; message: string };

/** Why a decision was not sent to the service. */
export type Refusal =
  | 'evidenceChanged'
  | 'evidenceUnreadable'
  | 'notPending'
  | 'notApprover'
  | 'requester'
  | 'runNotVisible'
  | 'commentMissing'
  | 'commentCarriesDigest'
  | 'deferredToMissing'
  | 'notRecorded';

/** Carries a problem through a promise. */
export class RequestProblem extends Error {
  /** The client has tried again where that may help. */
  readonly retryable = false;

  constructor(readonly problem: Problem) {
    super(problemText(problem));
    this.name = 'RequestProblem';
  }
}

/** The problem in an error of whatever origin; `undefined` when there is no error. */
export function problemOf(error: unknown): Problem | undefined {
  if (error === undefined || error === null) return undefined;
  if (error instanceof RequestProblem) return error.problem;
  return { kind: 'unexpected', message: error instanceof Error ? error.message : 'an error without a message' };
}

/** What happened, and what to do about it, in words for the page. */
export function problemText(problem: Problem): string {
  switch (problem.kind) {
    case 'unauthorized':
      return 'Azure DevOps did not accept your sign-in. Reload the page; if that does not help, sign in again.';
    case 'forbidden':
      return `You lack a permission for this. Azure DevOps says: ${sentence(problem.message)} Ask an administrator of the project.`;
    case 'missingScopeOrOffline':
      return problem.offline
        ? 'You are offline. Connect to the network and refresh.'
        : 'The request could not be made: either Azure DevOps cannot be reached, or the extension lacks a permission scope that an administrator still has to authorize (Organization settings, Extensions).';
    case 'notFound':
      return problem.deleted
        ? 'This was deleted, so its evidence is gone. Runs are kept by retention leases: see how long the project keeps runs.'
        : `This was not found; it may have been deleted, or you may not be allowed to see it. Azure DevOps says: ${sentence(problem.message)}`;
    case 'conflict':
      return `Somebody changed this at the same time. Azure DevOps says: ${sentence(problem.message)} Refresh and look again.`;
    case 'throttled':
      return `Azure DevOps asks for fewer requests at the moment. ${
        problem.retryAfterSeconds === undefined
          ? 'Wait a minute and refresh.'
          : `Refresh in ${Math.ceil(problem.retryAfterSeconds)} seconds.`
      }`;
    case 'badRequest':
      return `Azure DevOps refused the request (status ${problem.status}): ${sentence(problem.message)}`;
    case 'serverError':
      return `Azure DevOps failed with status ${problem.status}: ${sentence(problem.message)} Try again in a minute${
        problem.activityId === undefined ? '' : `; support will ask for activity id ${problem.activityId}`
      }.`;
    case 'notJson':
      return `The answer was not JSON but ${problem.contentType || 'of no stated type'}. A proxy or a sign-in page may stand in between: reload the page.`;
    case 'tooLarge':
      return `The answer is larger than ${Math.round(problem.limitBytes / 1024)} KiB and was not read.`;
    case 'timeout':
      return `Azure DevOps did not answer within ${problem.seconds} seconds. Try again.`;
    case 'unexpectedShape':
      return `The answer of Azure DevOps is not as documented: ${problem.where} should be ${problem.expected}. Update the extension, or report this.`;
    case 'foreignLink':
      return `The link in ${problem.where} does not lead to this organization and was not followed.`;
    case 'refused':
      return refusalText(problem.reason, problem.detail);
    case 'unexpected':
      return `Something unexpected happened: ${sentence(problem.message)} Reload the page, or report this.`;
  }
}

function refusalText(reason: Refusal, detail: string | undefined): string {
  switch (reason) {
    case 'evidenceChanged':
      return 'The evidence changed since you opened it. Nothing was sent: look at the evidence again, then decide.';
    case 'evidenceUnreadable':
      return `The evidence could not be read completely, so a decision cannot be bound to it. ${detail ?? ''}`.trim();
    case 'notPending':
      return `This approval is no longer pending${detail === undefined ? '' : `: it is ${detail}`}. Nothing was sent.`;
    case 'notApprover':
      return 'You are not an approver of this stage. Nothing was sent.';
    case 'requester':
      return 'You queued this run, so somebody else has to decide.';
    case 'runNotVisible':
      return 'You may not see the run behind this approval. Nothing was sent.';
    case 'commentMissing':
      return 'Say in a comment why you reject: the team reads it in the run.';
    case 'commentCarriesDigest':
      return 'The comment names a digest of its own. Remove it: the digest of the evidence shown is added for you.';
    case 'deferredToMissing':
      return 'Choose a time in the future from which the approval takes effect.';
    case 'notRecorded':
      return `Azure DevOps accepted the request but shows no such decision${detail === undefined ? '' : ` (the approval is ${detail})`}. Refresh and look again.`;
  }
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
