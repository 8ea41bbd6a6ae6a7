import { commandComponent as shape } from '../component/command';
import { componentKind } from '../component/kind';

/** `az ml component create`, type command. Body: ComponentVersions_CreateOrUpdate. */
export const commandComponent = componentKind({
  name: 'command component',
  schemas: ['commandComponent.schema.json'],
  signs: { type: ['command'], keys: ['command', 'version', 'is_deterministic', 'additional_includes'] },
  shape,
});
