import { sparkComponent as shape } from '../component/spark';
import { componentKind } from '../component/kind';

/** `az ml component create`, type spark. Body: ComponentVersions_CreateOrUpdate. */
export const sparkComponent = componentKind({
  name: 'spark component',
  schemas: ['sparkComponent.schema.json'],
  signs: { type: ['spark'], keys: ['version', 'is_deterministic', 'additional_includes'] },
  shape,
});
