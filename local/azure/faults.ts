import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** One planned misbehaviour of the stand-in. The first that matches a request is used. */
export interface Fault {
  /** Any when absent. */
  method?: string;
  /** Tested against the path with its query. */
  path: RegExp;
  /** Which door: the cloud's (default) or the metadata service's. */
  where?: 'azure' | 'metadata';
  /** How often it applies; once by default. */
  times?: number;
  /** Requests to let through first. */
  after?: number;
  /** Wait before anything else, also before the ordinary answer. */
  delayMs?: number;
  /** Answer this instead. */
  respond?: { status: number; headers?: Record<string, string>; body?: unknown };
  /** Never answer. */
  hang?: boolean;
  /** Close the connection without an answer. */
  dropConnection?: boolean;
}

/** Faults that tests plan, and the lifetime of tokens. */
export class Faults {
  /** Lifetime of every token issued from now on, in seconds; the service's own when undefined. */
  tokenLifetimeSeconds: number | undefined;
  private planned: (Fault & { left: number; skip: number })[] = [];

  /** Plans a fault; the returned function withdraws it. */
  add(fault: Fault): () => void {
    const entry = { ...fault, left: fault.times ?? 1, skip: fault.after ?? 0 };
    this.planned.push(entry);
    return () => {
      this.planned = this.planned.filter((other) => other !== entry);
    };
  }

  clear(): void {
    this.planned = [];
    this.tokenLifetimeSeconds = undefined;
  }

  /** The fault for a request, used up by asking. */
  take(where: 'azure' | 'metadata', method: string, path: string): Fault | undefined {
    for (const fault of this.planned) {
      const fits = (fault.where ?? 'azure') === where && (fault.method ?? method) === method && fault.path.test(path);
      if (!fits || fault.left === 0) continue;
      if (fault.skip > 0) {
        fault.skip -= 1;
        continue;
      }
      fault.left -= 1;
      return fault;
    }
    return undefined;
  }
}

/** Does what a fault says to the connection; what is left to do: answer this, answer as ever, or nothing. */
export async function enact(
  fault: Fault,
  request: IncomingMessage,
): Promise<NonNullable<Fault['respond']> | 'ordinary' | 'none'> {
  if (fault.delayMs !== undefined) await sleep(fault.delayMs);
  if (fault.dropConnection === true) request.socket.destroy();
  if (fault.dropConnection === true || fault.hang === true) return 'none';
  return fault.respond ?? 'ordinary';
}
