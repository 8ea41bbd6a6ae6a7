import { componentKind } from '../component/kind';
import { component } from '../component/types';
import { pipelineComponent } from '../pipeline/component';
import { refine } from '../shape/shape';

/** `az ml component create`, type pipeline. Body: ComponentVersions_CreateOrUpdate. */
export const pipelineComponentKind = componentKind({
  name: 'pipeline component',
  schemas: ['pipelineComponent.schema.json'],
  signs: { type: ['pipeline'], keys: ['version', 'is_deterministic'] },
  shape: refine(pipelineComponent(component), (definition, at) => {
    at.required('type');
    return definition;
  }),
});
