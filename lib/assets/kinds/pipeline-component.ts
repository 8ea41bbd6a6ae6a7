import { componentKind } from '../component/kind';
import { pipeline } from '../component/types';
import { refine } from '../shape/shape';

/** `az ml component create`, type pipeline. Body: ComponentVersions_CreateOrUpdate. */
export const pipelineComponentKind = componentKind({
  name: 'pipeline component',
  schemas: ['pipelineComponent.schema.json'],
  signs: { type: ['pipeline'], keys: ['version', 'is_deterministic'] },
  shape: refine(pipeline, (definition, at) => {
    at.required('type');
    return definition;
  }),
});
