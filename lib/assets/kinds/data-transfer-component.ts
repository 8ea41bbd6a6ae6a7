import { dataTransferComponent as shape } from '../component/data-transfer';
import { componentKind } from '../component/kind';

/** `az ml component create`, type data_transfer. Body: ComponentVersions_CreateOrUpdate. */
export const dataTransferComponent = componentKind({
  name: 'data transfer component',
  schemas: ['dataTransferComponent.schema.json'],
  signs: { type: ['data_transfer'] },
  shape,
});
