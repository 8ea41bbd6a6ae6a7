import { computeId, prefixed } from '../parts/references';
import { datastoreName } from '../parts/names';
import { openRecord, optional } from '../shape/record';
import { boolean } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';

const armId = /^azureml:(\/subscriptions\/.+)$/;

const datastoreId: Shape<string> = {
  read: (at, scope) => {
    const id = armId.exec(at.asString())?.[1];
    return id ?? `${scope.workspaceId}/datastores/${datastoreName.read(at, scope)}`;
  },
  schema: () => datastoreName.schema(),
};

/** The `settings` of a pipeline job. Unknown ones go out as they stand: the clients check none, and files have slips in them. */
const fields = openRecord(
  {
    default_datastore: optional(prefixed(datastoreId)),
    default_compute: optional(prefixed(computeId, 'serverless')),
    continue_on_step_failure: optional(boolean),
    force_rerun: optional(boolean),
  },
  'yaml',
  'kept',
);

export interface Settings extends Record<string, unknown> {
  default_compute?: string;
}

export const settings: Shape<Settings> = refine(fields, ({ others, ...known }) => ({ ...known, ...others }));
