import { Later } from '../later';
import { modelFile } from '../parts/model';
import { modelResource } from '../register/model';
import { kind } from './kind';

/** `az ml model create`. Body: ModelVersions_CreateOrUpdate. */
export const model = kind({
  name: 'model',
  schemas: ['model.schema.json'],
  signs: { type: ['custom_model', 'mlflow_model', 'triton_model'], keys: ['flavors', 'stage'] },
  shape: modelFile,
  resource: ({ definition, named }) => new Later((remote) => modelResource(remote, definition, named)),
});
