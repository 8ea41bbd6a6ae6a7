import { answered } from '../parts/answered';
import { endpointFields, location } from '../parts/endpoint';
import { serverlessName } from '../parts/names';
import { looseTextMap } from '../shape/collections';
import { optional, record, required } from '../shape/record';
import { text, word } from '../shape/scalars';
import { refine } from '../shape/shape';
import { kind } from './kind';

const fields = record({
  ...endpointFields,
  name: required(serverlessName),
  model_id: required(text),
  tags: optional(looseTextMap),
  // A key is what such endpoints have anyway.
  auth_mode: optional(refine(word({ key: 'Key', aad: 'AAD' }), (mode) => (mode === 'Key' ? undefined : mode))),
  headers: answered,
  system_data: answered,
});

/** `az ml serverless-endpoint create`: a model that is billed by the token. Body: ServerlessEndpoints_CreateOrUpdate. */
export const serverlessEndpoint = kind({
  name: 'serverless endpoint',
  schemas: ['serverlessEndpoint.schema.json'],
  signs: { keys: ['model_id', 'auth_mode'] },
  shape: fields,
  resource: ({ name, authMode, modelId, tags }, scope) => ({
    path: `${scope.workspaceId}/serverlessEndpoints/${name}`,
    body: { location, tags, sku: { name: 'Consumption' }, properties: { authMode, modelSettings: { modelId } } },
  }),
});
