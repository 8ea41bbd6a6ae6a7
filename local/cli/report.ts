import type { Followed } from './follow';
import { duration, mark } from './progress';

export interface StageLine {
  stage: string;
  result: string;
  seconds: number | null;
}

/** The stages of a run, in the order in which they were to run. */
export function stages({ timeline }: Followed): StageLine[] {
  return timeline.records
    .filter((one) => one.type === 'Stage')
    .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
    .map((one) => ({
      stage: one.identifier ?? one.name,
      result: one.result ?? one.state,
      seconds:
        one.startTime === undefined || one.finishTime === undefined
          ? null
          : (Date.parse(one.finishTime) - Date.parse(one.startTime)) / 1000,
    }));
}

/** A table for people: a line for each stage, with its result and time. */
export function stageTable(followed: Followed): string[] {
  const lines = stages(followed);
  const width = Math.max(5, ...lines.map((one) => one.stage.length));
  const records = new Map(
    followed.timeline.records.filter((one) => one.type === 'Stage').map((one) => [one.identifier ?? one.name, one]),
  );
  const rows = lines.map((one) => {
    const record = records.get(one.stage);
    const time = record && one.seconds !== null && one.result !== 'skipped' ? duration(record) : '';
    return `  ${mark(one.result)} ${one.stage.padEnd(width)}  ${one.result.padEnd(19)}  ${time}`.trimEnd();
  });
  const { build } = followed;
  return [...rows, '', `Run ${build.buildNumber} ${build.result ?? build.status} in ${duration(build)}.`];
}

export function summary(followed: Followed): Record<string, unknown> {
  const { build } = followed;
  return {
    run: {
      id: build.id,
      number: build.buildNumber,
      pipeline: build.definition.name,
      url: build._links.web.href,
      requestedFor: build.requestedFor.displayName,
    },
    result: build.result ?? build.status,
    seconds:
      build.startTime === undefined || build.finishTime === undefined
        ? null
        : (Date.parse(build.finishTime) - Date.parse(build.startTime)) / 1000,
    stages: stages(followed),
    errors: followed.timeline.records.flatMap((one) =>
      (one.issues ?? [])
        .filter((issue) => issue.type === 'error')
        .map((issue) => ({ in: one.name, message: issue.message })),
    ),
  };
}
