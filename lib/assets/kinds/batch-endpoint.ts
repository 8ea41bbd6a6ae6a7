import { endpointFields, location, managedIdentity } from '../parts/endpoint';
import { endpointName } from '../parts/names';
import { authModes } from '../parts/online-endpoint';
import { optional, record, required, withDefault } from '../shape/record';
import { text, word } from '../shape/scalars';
import { kind } from './kind';

const fields = record({
  ...endpointFields,
  name: required(endpointName),
  auth_mode: withDefault(word(authModes), () => 'AADToken' as const),
  defaults: optional(record({ deployment_name: optional(text) })),
  identity: optional(managedIdentity),
});

/** `az ml batch-endpoint create`. Body: BatchEndpoints_CreateOrUpdate. */
export const batchEndpoint = kind({
  name: 'batch endpoint',
  schemas: ['batchEndpoint.schema.json'],
  signs: { keys: ['auth_mode', 'defaults'] },
  shape: fields,
  resource: ({ name, authMode, defaults, description, identity, properties, tags }, scope) => ({
    // The clients write names in lower case.
    path: `${scope.workspaceId}/batchEndpoints/${name.toLowerCase()}`,
    body: { location, identity, tags, properties: { authMode, defaults, description, properties } },
  }),
});
