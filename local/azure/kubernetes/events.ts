import { asNumber, asObject } from '../json';
import { namespaceOf, nameOf, now, typeOf, uidOf, type ApiObject, type Objects } from './objects';
import { apiVersionOf, type ResourceType } from './types';

const mostEvents = 500;

/** Writes events about objects; the same event again raises its count. */
export class Events {
  constructor(private readonly objects: Objects) {}

  record(
    about: ApiObject,
    type: ResourceType,
    kind: 'Normal' | 'Warning',
    reason: string,
    message: string,
    component: string,
  ): void {
    const events = typeOf('events');
    const namespace = namespaceOf(about) === '' ? 'default' : namespaceOf(about);
    const all = this.objects.list(events, namespace);
    const existing = all.find(
      (event) =>
        event['reason'] === reason &&
        event['message'] === message &&
        asObject(event['involvedObject'])['uid'] === uidOf(about),
    );
    const lastTimestamp = now();
    if (existing !== undefined) {
      this.objects.update(events, { ...existing, count: (asNumber(existing['count']) ?? 1) + 1, lastTimestamp });
      return;
    }
    const [oldest] = [...all].sort(
      (a, b) => Number(a.metadata['resourceVersion']) - Number(b.metadata['resourceVersion']),
    );
    if (all.length >= mostEvents && oldest !== undefined) this.objects.delete(events, namespace, nameOf(oldest));
    this.objects.create(events, {
      metadata: { generateName: `${nameOf(about)}.`, namespace },
      involvedObject: {
        kind: type.kind,
        namespace,
        name: nameOf(about),
        uid: uidOf(about),
        apiVersion: apiVersionOf(type),
        resourceVersion: about.metadata['resourceVersion'],
      },
      reason,
      message,
      source: { component },
      firstTimestamp: lastTimestamp,
      lastTimestamp,
      count: 1,
      type: kind,
      eventTime: null,
      reportingComponent: component,
      reportingInstance: '',
    });
  }
}
