import { spawn, type ChildProcess } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';

export interface ProcessRequest {
  file: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  onLine: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Aborting starts the agent's ladder: SIGINT, SIGTERM, kill. */
  signal: AbortSignal;
  /** Milliseconds after SIGINT and after SIGTERM; the agent's own are 7500 and 2500. */
  sigintMs: number;
  sigtermMs: number;
  /** `USE_GRACEFUL_PROCESS_SHUTDOWN`: after SIGINT the process is left its time, however long. */
  graceful: boolean;
  groups: ProcessGroups;
}

export interface ProcessEnd {
  /** Exit code; 128 + signal number when a signal ended it, as a shell and .NET report it. */
  exitCode: number;
}

const drainMs = 5000;

/** Process groups that steps started. What a step leaves running is ended with its job, as the agent does with orphans. */
export class ProcessGroups {
  private readonly leaders = new Set<number>();

  add(leader: number): void {
    this.leaders.add(leader);
  }

  /** Forgets a group that has no member left, so that its number is never used for another process. */
  settle(leader: number): void {
    if (!signalGroup(leader, 0)) this.leaders.delete(leader);
  }

  /** Ends every group still there; answers the leaders' ids. */
  end(): number[] {
    const ended = [...this.leaders].filter((leader) => signalGroup(leader, 'SIGKILL'));
    this.leaders.clear();
    return ended;
  }
}

function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch {
    return false; // ESRCH: the group has no member any more.
  }
}

/**
 * Runs a child process as the agent does (agent source `ProcessInvoker.cs`): standard input closed, both streams read line by
 * line, a cancelled one gets SIGINT, later SIGTERM, then is killed; the signals go to the direct child only.
 * @throws Error when it cannot be started.
 */
export async function runProcess(request: ProcessRequest): Promise<ProcessEnd> {
  const child = spawn(request.file, request.args, {
    cwd: request.cwd,
    env: request.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  if (child.pid !== undefined) request.groups.add(child.pid);
  const streams = [
    readLines(child.stdout, (line) => request.onLine(line, 'stdout')),
    readLines(child.stderr, (line) => request.onLine(line, 'stderr')),
  ];
  const exited = exitOf(child, request.file);
  const stopLadder = ladder(child, request);
  const drained = new AbortController();
  try {
    const exitCode = await exited;
    // A grandchild may hold the streams open: it is not waited for longer than this.
    await Promise.race([Promise.all(streams), delay(drainMs, drained.signal)]);
    return { exitCode };
  } finally {
    drained.abort();
    stopLadder();
    child.stdout.destroy();
    child.stderr.destroy();
    if (child.pid !== undefined) request.groups.settle(child.pid);
  }
}

const signalNumbers: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

function exitOf(child: ChildProcess, file: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`Cannot start ${file}: ${error.message}`)));
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : (signalNumbers[signal] ?? 0))));
  });
}

function ladder(child: ChildProcess, request: ProcessRequest): () => void {
  let timer: NodeJS.Timeout | undefined;
  const kill = (): void => void child.kill('SIGKILL');
  const terminate = (): void => {
    child.kill('SIGTERM');
    timer = setTimeout(kill, request.sigtermMs);
  };
  const start = (): void => {
    child.kill('SIGINT');
    if (!request.graceful) timer = setTimeout(terminate, request.sigintMs);
  };
  if (request.signal.aborted) start();
  else request.signal.addEventListener('abort', start, { once: true });
  return () => {
    request.signal.removeEventListener('abort', start);
    clearTimeout(timer);
  };
}

/** Splits at LF, CRLF and a lone CR, as .NET's reader does. */
function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const flush = (final: boolean): void => {
    for (;;) {
      const end = /\r\n|\n|\r/.exec(rest);
      // A CR at the very end may be the first half of CRLF.
      if (!end || (!final && end[0] === '\r' && end.index === rest.length - 1)) break;
      onLine(rest.slice(0, end.index));
      rest = rest.slice(end.index + end[0].length);
    }
    if (final && rest !== '') onLine(rest);
  };
  return new Promise((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      rest += decoder.write(chunk);
      flush(false);
    });
    stream.on('end', () => {
      rest += decoder.end();
      flush(true);
      resolve();
    });
    stream.on('close', resolve);
    stream.on('error', () => resolve());
  });
}

/** Waits, unless the signal ends the wait earlier. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal?.aborted) done();
    else signal?.addEventListener('abort', done, { once: true });
  });
}
