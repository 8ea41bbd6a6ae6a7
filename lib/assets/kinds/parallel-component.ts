import { parallelComponent as shape } from '../component/parallel';
import { componentKind } from '../component/kind';

/** `az ml component create`, type parallel. Body: ComponentVersions_CreateOrUpdate. */
export const parallelComponent = componentKind({
  name: 'parallel component',
  schemas: ['parallelComponent.schema.json'],
  signs: { type: ['parallel'], keys: ['mini_batch_size'] },
  shape,
});
