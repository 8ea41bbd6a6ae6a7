import { TaskError } from '../../lib/agent/errors';
import type { Segment } from '../../lib/evidence/types';
import { measure } from './compare';
import type { MetricName } from './metric-names';
import { labelOf } from './numbers';
import type { Policy } from './policy';

/** A metric of fewer rows says nothing of the group, and too much of its members. */
export const fewestRows = 10;

/** Hold-out rows with what groups them. */
export interface GroupedRows {
  truth: readonly string[];
  candidate: readonly string[];
  champion?: readonly string[];
  /** For each row, its value of each segment of the policy, in the policy's order. */
  groups: readonly (readonly string[])[];
}

/**
 * The deciding metric in every group that the policy names, and in no other: the values of a column are the user's data.
 * What counts as the positive class is settled on all rows, so that the groups' figures are comparable.
 */
export function measureSegments(metric: MetricName, policy: Policy, rows: GroupedRows): Segment[] {
  const classes = [...new Set([...rows.truth, ...rows.candidate, ...(rows.champion ?? [])].map(labelOf))];
  const settings = { positiveLabel: policy.positiveLabel, classes };
  return policy.segments.flatMap(({ column, values }, position) =>
    values.map((value): Segment => {
      const members = [...rows.groups.keys()].filter((row) => rows.groups[row]?.[position] === value);
      const group = { segment: column, value, rows: members.length };
      if (members.length < fewestRows) return { ...group, note: `fewer than ${fewestRows} rows` };
      const pick = (texts: readonly string[]): string[] => members.map((row) => texts[row] ?? '');
      const figure = (texts: readonly string[]): number => measure(metric, pick(rows.truth), pick(texts), settings);
      try {
        const candidate = figure(rows.candidate);
        return { ...group, candidate, ...(rows.champion ? { champion: figure(rows.champion) } : {}) };
      } catch (error) {
        if (!(error instanceof TaskError)) throw error;
        return { ...group, note: `${metric} is not defined on these rows` };
      }
    }),
  );
}
