import { computeId } from '../parts/references';
import { datastoreName } from '../parts/names';
import { openRecord, optional } from '../shape/record';
import { boolean } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';

/** The `settings` of a pipeline job. Unknown ones go out as they stand: the service has more than the clients know. */
const fields = openRecord(
  {
    default_datastore: optional(refine(datastoreName, (name, _at, scope) => `${scope.workspaceId}/datastores/${name}`)),
    default_compute: optional(computeId),
    continue_on_step_failure: optional(boolean),
    force_rerun: optional(boolean),
  },
  'yaml',
);

export interface Settings extends Record<string, unknown> {
  default_compute?: string;
}

export const settings: Shape<Settings> = refine(fields, ({ others, ...known }) => ({ ...known, ...others }));
