/**
 * Spreads requests by weight without chance: smooth weighted round-robin. Of any 100 requests a deployment with weight 20 gets
 * exactly 20, evenly spaced, so that a test of a canary gives the same result each time.
 */
export class TrafficSplit {
  private readonly current = new Map<string, number>();

  /** The deployment for the next request; `undefined` when none has a positive weight. */
  next(weights: Readonly<Record<string, number>>): string | undefined {
    const positive = Object.entries(weights).filter(([, weight]) => weight > 0);
    const total = positive.reduce((sum, [, weight]) => sum + weight, 0);
    for (const name of [...this.current.keys()]) if ((weights[name] ?? 0) <= 0) this.current.delete(name);
    let chosen: string | undefined;
    for (const [name, weight] of positive) {
      this.current.set(name, (this.current.get(name) ?? 0) + weight);
      if (chosen === undefined || (this.current.get(name) ?? 0) > (this.current.get(chosen) ?? 0)) chosen = name;
    }
    if (chosen !== undefined) this.current.set(chosen, (this.current.get(chosen) ?? 0) - total);
    return chosen;
  }
}
