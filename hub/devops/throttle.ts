/** Until when the client waits because the service asked for it; pages say so. */
export class Throttle {
  private waits: number[] = [];
  private readonly listeners = new Set<() => void>();

  /** Milliseconds since 1970, or `undefined` when nothing waits. */
  readonly until = (): number | undefined => (this.waits.length === 0 ? undefined : Math.max(...this.waits));

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  async during(until: number, wait: Promise<void>): Promise<void> {
    this.set([...this.waits, until]);
    try {
      await wait;
    } finally {
      const rest = [...this.waits];
      rest.splice(rest.indexOf(until), 1);
      this.set(rest);
    }
  }

  private set(waits: number[]): void {
    this.waits = waits;
    for (const listener of this.listeners) listener();
  }
}
