import type { Place } from '../containers/addresses';
import { asNumber } from '../json';
import { nameOf, namespaceOf, typeOf, uidOf, type ApiObject } from './objects';
import { RunningPod, type PodTools } from './pod';

const pods = typeOf('pods');

/** Runs what pods there are, and removes a pod once its processes have ended. */
export class Kubelet {
  readonly running = new Map<string, RunningPod>();

  constructor(private readonly tools: PodTools) {}

  sync(): void {
    const all = this.tools.objects.list(pods);
    for (const pod of all) {
      const running = this.running.get(uidOf(pod));
      if (pod.metadata['deletionTimestamp'] !== undefined) this.end(pod, running);
      else if (running === undefined) this.begin(pod);
    }
    const known = new Set(all.map(uidOf));
    for (const [uid, running] of this.running) if (!known.has(uid)) void this.remove(uid, running, 1);
  }

  placeOf(uid: string): Place | undefined {
    return this.running.get(uid)?.place;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running].map(([uid, running]) => this.remove(uid, running, 3)));
  }

  private begin(pod: ApiObject): void {
    const running = new RunningPod(pod, this.tools);
    this.running.set(uidOf(pod), running);
    running.start().catch((error: unknown) => this.tools.log(`pod ${nameOf(pod)}: ${String(error)}`));
  }

  private end(pod: ApiObject, running: RunningPod | undefined): void {
    if (running?.isEnding === true) return;
    const grace = Math.min(asNumber(pod.metadata['deletionGracePeriodSeconds']) ?? 30, 30);
    const gone = running === undefined ? Promise.resolve() : this.remove(uidOf(pod), running, grace);
    void gone.then(() => {
      const current = this.tools.objects.get(pods, namespaceOf(pod), nameOf(pod));
      if (current !== undefined && uidOf(current) === uidOf(pod))
        this.tools.objects.delete(pods, namespaceOf(pod), nameOf(pod));
    });
  }

  private async remove(uid: string, running: RunningPod, grace: number): Promise<void> {
    await running.end(grace).catch((error: unknown) => this.tools.log(`pod ${uid}: ${String(error)}`));
    this.running.delete(uid);
  }
}
