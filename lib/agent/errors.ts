/** An error for the person who wrote the pipeline: what was wrong, where, and what to do. */
export class TaskError extends Error {
  override readonly name = 'TaskError';

  /**
   * @param message what was wrong and where (file, line, input, resource)
   * @param advice what to do about it, one sentence or several lines
   */
  constructor(
    message: string,
    readonly advice?: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** A service refused a request. */
export class ServiceError extends TaskError {
  /** `file:line:column` of what was being sent, where a file says it: noted on the way up. */
  place?: string;

  /** @param words what the service itself said, without the request */
  constructor(
    message: string,
    readonly words: string,
    advice?: string,
  ) {
    super(message, advice);
  }
}

/** The step was cancelled by the agent (SIGINT or SIGTERM). */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
}

/** A short text for anything thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
