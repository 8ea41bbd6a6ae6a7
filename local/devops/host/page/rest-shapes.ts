import { anything, list, map, number, optional, shape, text, type Of } from '../../shape';

/** What the host's own pages read of REST. */
const person = shape({ displayName: text });

export const buildShape = shape({
  id: number,
  buildNumber: text,
  status: text,
  result: optional(text),
  queueTime: optional(text),
  startTime: optional(text),
  finishTime: optional(text),
  sourceBranch: optional(text),
  sourceVersion: optional(text),
  definition: shape({ id: number, name: text, path: optional(text) }),
  requestedFor: person,
  repository: optional(shape({ id: text, name: optional(text) })),
  tags: optional(list(text)),
  templateParameters: optional(map(anything)),
});
export type Build = Of<typeof buildShape>;
export const buildsShape = shape({ value: list(buildShape) });

export const recordShape = shape({
  id: text,
  parentId: optional(text),
  type: text,
  name: text,
  state: optional(text),
  result: optional(text),
  startTime: optional(text),
  finishTime: optional(text),
  order: optional(number),
  attempt: optional(number),
  task: optional(shape({ id: text, name: text })),
  log: optional(shape({ id: number })),
  issues: optional(list(shape({ type: text, message: text }))),
});
export type TimelineRecord = Of<typeof recordShape>;
/** A run that has not begun has no timeline: the service answers `null`. */
export const timelineShape = optional(shape({ records: list(recordShape) }));

export const approvalsShape = shape({
  value: list(
    shape({
      id: text,
      status: text,
      createdOn: text,
      instructions: optional(text),
      steps: list(
        shape({
          assignedApprover: person,
          actualApprover: optional(person),
          status: text,
          comment: optional(text),
          lastModifiedOn: optional(text),
        }),
      ),
    }),
  ),
});
export type Approval = Of<typeof approvalsShape>['value'][number];

export const linesShape = shape({ value: list(text) });

export const environmentsShape = shape({
  value: list(shape({ id: number, name: text, description: optional(text) })),
});
export const environmentShape = shape({ id: number, name: text, description: optional(text) });
export const deploymentsShape = shape({
  value: list(
    shape({
      stageName: text,
      jobName: optional(text),
      result: optional(text),
      finishTime: optional(text),
      definition: shape({ name: text }),
      owner: shape({ id: number, name: text }),
    }),
  ),
});
