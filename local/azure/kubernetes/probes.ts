import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { asList, asNumber, asObject, asString, type JsonObject } from '../json';
import type { Place } from '../containers/addresses';

/** The outcome of one probe; `problem` says what was wrong, as a kubelet does. */
export type Outcome = { ok: true } | { ok: false; problem: string };

/** Runs a probe (`httpGet` or `tcpSocket`) once against a container's own address. */
export function probeOnce(probe: JsonObject, container: JsonObject, place: Place): Promise<Outcome> {
  const timeout = (asNumber(probe['timeoutSeconds']) ?? 1) * 1000;
  const get = asObject(probe['httpGet']);
  if (get['port'] !== undefined) return probeHttp(get, boundPort(get['port'], container, place), place.ip, timeout);
  const tcp = asObject(probe['tcpSocket']);
  return probeTcp(boundPort(tcp['port'], container, place), place.ip, timeout);
}

/** The port that is really bound for a port named or numbered in a pod. */
export function boundPort(wanted: unknown, container: JsonObject, place: Place): number {
  const named = asList(container['ports'])
    .map(asObject)
    .find((port) => port['name'] === wanted);
  const declared = asNumber(named?.['containerPort']) ?? Number(wanted);
  return place.ports.get(declared) ?? declared;
}

function probeHttp(get: JsonObject, port: number, host: string, timeout: number): Promise<Outcome> {
  const path = asString(get['path']) ?? '/';
  const isTls = asString(get['scheme'])?.toUpperCase() === 'HTTPS';
  const headers = Object.fromEntries(
    asList(get['httpHeaders']).map((entry) => [
      asString(asObject(entry)['name']) ?? '',
      asString(asObject(entry)['value']) ?? '',
    ]),
  );
  const url = `${isTls ? 'https' : 'http'}://${host}:${port}${path.startsWith('/') ? path : `/${path}`}`;
  return new Promise((resolve) => {
    const options = { timeout, headers: { 'user-agent': 'kube-probe/1.32', connection: 'close', ...headers } };
    // A kubelet does not check the certificates of probes either.
    const request = isTls ? httpsRequest(url, { ...options, rejectUnauthorized: false }) : httpRequest(url, options);
    request.once('response', (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      resolve(
        status >= 200 && status < 400
          ? { ok: true }
          : { ok: false, problem: `HTTP probe failed with statuscode: ${status}` },
      );
    });
    request.once('timeout', () =>
      request.destroy(new Error('context deadline exceeded (Client.Timeout exceeded while awaiting headers)')),
    );
    request.once('error', (error) => resolve({ ok: false, problem: `Get "${url}": ${error.message}` }));
    request.end();
  });
}

function probeTcp(port: number, host: string, timeout: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout });
    const finish = (outcome: Outcome): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once('connect', () => finish({ ok: true }));
    socket.once('timeout', () => finish({ ok: false, problem: `dial tcp ${host}:${port}: i/o timeout` }));
    socket.once('error', (error) => finish({ ok: false, problem: `dial tcp ${host}:${port}: ${error.message}` }));
  });
}

interface Watch {
  probe: JsonObject;
  container: JsonObject;
  place: Place;
  /** Called when the verdict changes; at first there is none. */
  decided: (healthy: boolean, problem: string) => void;
  /** Called for each failure. */
  failed: (problem: string) => void;
}

/** Probes again and again until stopped. Until the first success it asks every second, so that nothing waits needlessly. */
export class ProbeLoop {
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private successes = 0;
  private failures = 0;
  private healthy: boolean | undefined;

  constructor(private readonly watch: Watch) {
    this.plan((asNumber(watch.probe['initialDelaySeconds']) ?? 0) * 1000);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private plan(milliseconds: number): void {
    if (!this.stopped) this.timer = setTimeout(() => void this.run(), milliseconds);
  }

  private async run(): Promise<void> {
    const { probe, container, place } = this.watch;
    const outcome = await probeOnce(probe, container, place);
    if (this.stopped) return;
    this.successes = outcome.ok ? this.successes + 1 : 0;
    this.failures = outcome.ok ? 0 : this.failures + 1;
    const problem = outcome.ok ? '' : outcome.problem;
    if (!outcome.ok) this.watch.failed(problem);
    if (this.successes >= (asNumber(probe['successThreshold']) ?? 1)) this.decide(true, problem);
    if (this.failures >= (asNumber(probe['failureThreshold']) ?? 3)) this.decide(false, problem);
    const period = (asNumber(probe['periodSeconds']) ?? 10) * 1000;
    this.plan(this.healthy === true ? period : Math.min(period, 1000));
  }

  private decide(healthy: boolean, problem: string): void {
    if (this.healthy === healthy) return;
    this.healthy = healthy;
    this.watch.decided(healthy, problem);
  }
}
