import { Readable } from 'node:stream';
import type { ApiObject, Objects, WatchEvent } from './objects';
import { namespaceOf } from './objects';
import type { Test } from './selectors';
import { apiVersionOf, type ResourceType } from './types';

export interface WatchRequest {
  type: ResourceType;
  /** Absent: all namespaces. */
  namespace: string | undefined;
  matches: Test;
  /** Version after which changes are wanted; absent or 0: begin with what is there. */
  since: number | undefined;
  bookmarks: boolean;
  /** A bookmark says when the initial objects have been sent (`sendInitialEvents`). */
  initialEvents: boolean;
  timeoutSeconds: number;
  /** Gives an object the form the client asked for. */
  render: (object: ApiObject) => unknown;
}

/** The stream of a watch: one JSON document a line. Ends after its time, or when the client goes. */
export function watch(objects: Objects, request: WatchRequest): Readable {
  const stream = new Readable({ read: () => undefined });
  const send = (type: string, object: unknown): void => {
    if (!stream.destroyed) stream.push(`${JSON.stringify({ type, object })}\n`);
  };
  const { since } = request;
  const missed = since === undefined || since === 0 ? undefined : objects.since(since);
  if (since !== undefined && since !== 0 && missed === undefined) {
    send('ERROR', expired(since, objects.version));
    stream.push(null);
    return stream;
  }
  if (missed === undefined) {
    for (const object of objects.list(request.type, request.namespace))
      if (request.matches(object)) send('ADDED', request.render(object));
    if (request.initialEvents) send('BOOKMARK', bookmark(request.type, objects.version, true));
  } else for (const event of missed) relay(event, request, send);
  const end = objects.listen((event) => relay(event, request, send));
  const ticks = setInterval(() => {
    if (request.bookmarks) send('BOOKMARK', bookmark(request.type, objects.version, false));
  }, 30_000);
  const timeout = setTimeout(() => stream.push(null), request.timeoutSeconds * 1000);
  stream.once('close', () => {
    end();
    clearInterval(ticks);
    clearTimeout(timeout);
  });
  return stream;
}

/** A selector makes a change look like an arrival or a departure when the object begins or ceases to match. */
function relay(event: WatchEvent, request: WatchRequest, send: (type: string, object: unknown) => void): void {
  if (event.resource !== request.type) return;
  if (request.namespace !== undefined && namespaceOf(event.object) !== request.namespace) return;
  const matches = request.matches(event.object);
  if (event.type !== 'MODIFIED') {
    if (matches) send(event.type, request.render(event.object));
    return;
  }
  const matched = event.before !== undefined && request.matches(event.before);
  if (matches) send(matched ? 'MODIFIED' : 'ADDED', request.render(event.object));
  else if (matched) send('DELETED', request.render(event.object));
}

function bookmark(type: ResourceType, version: number, initial: boolean): unknown {
  const annotations = initial ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  return {
    kind: type.kind,
    apiVersion: apiVersionOf(type),
    metadata: { resourceVersion: String(version), creationTimestamp: null, ...annotations },
  };
}

function expired(version: number, latest: number): unknown {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `too old resource version: ${version} (${latest})`,
    reason: 'Expired',
    code: 410,
  };
}
