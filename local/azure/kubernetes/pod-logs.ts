import { Readable } from 'node:stream';
import { asList, asObject, asString } from '../json';
import type { Answer, Call } from '../service';
import { nameOf, uidOf, type ApiObject } from './objects';
import type { RunningPod } from './pod';
import { badRequest } from './status';

/** `GET …/pods/{name}/log`: what a container has written, once or as it goes on. */
export class PodLogs {
  constructor(private readonly running: ReadonlyMap<string, RunningPod>) {}

  answer(call: Call, pod: ApiObject): Answer {
    const names = asList(asObject(pod['spec'])['containers']).map((entry) => asString(asObject(entry)['name']) ?? '');
    const asked = call.query.get('container') ?? undefined;
    if (asked === undefined && names.length > 1) {
      throw badRequest(
        `a container name must be specified for pod ${nameOf(pod)}, choose one of: [${names.join(' ')}]`,
      );
    }
    const name = asked ?? names[0] ?? '';
    if (!names.includes(name)) throw badRequest(`container ${name} is not valid for pod ${nameOf(pod)}`);
    const tail = call.query.get('tailLines');
    const read = (lines?: number): string | undefined => this.running.get(uidOf(pod))?.logs(name, lines);
    const waiting = this.waiting(pod, name);
    if (waiting !== undefined)
      throw badRequest(`container "${name}" in pod "${nameOf(pod)}" is waiting to start: ${waiting}`);
    const headers = { 'content-type': 'text/plain' };
    const first = read(tail === null ? undefined : Number(tail)) ?? '';
    if (!['true', '1'].includes(call.query.get('follow') ?? '')) return { status: 200, headers, body: first };
    return { status: 200, headers, stream: this.follow(uidOf(pod), read, first) };
  }

  private waiting(pod: ApiObject, name: string): string | undefined {
    const status = asList(asObject(pod['status'])['containerStatuses'])
      .map(asObject)
      .find((one) => one['name'] === name);
    const reason = asString(asObject(asObject(status?.['state'])['waiting'])['reason']);
    return reason === 'CrashLoopBackOff' ? undefined : reason;
  }

  private follow(uid: string, read: () => string | undefined, first: string): Readable {
    const stream = new Readable({ read: () => undefined });
    if (first !== '') stream.push(first);
    let sent = read()?.length ?? 0;
    const timer = setInterval(() => {
      const text = read();
      const gone = text === undefined || this.running.get(uid)?.isEnding === true;
      // A log that was cut short begins anew.
      if (text !== undefined && text.length < sent) sent = 0;
      if (text !== undefined && text.length > sent) stream.push(text.slice(sent));
      sent = text?.length ?? sent;
      if (gone) stream.push(null);
    }, 300);
    stream.once('close', () => clearInterval(timer));
    stream.once('end', () => clearInterval(timer));
    return stream;
  }
}
