import type { EvidenceSchema } from '../check';
import type { EvidenceKind } from '../types';
import { dataSanitySchema } from './data-sanity';
import { deploymentSchema } from './deployment';
import { evaluationSchema } from './evaluation';
import { modelVersionSchema } from './model-version';
import { packageSchema } from './package';
import { smokeSchema } from './smoke';
import { trainingSchema } from './training';

/** The schema of every kind: for readers. A task imports the one that it writes. */
export const evidenceSchemas: { readonly [K in EvidenceKind]: EvidenceSchema<K> } = {
  'mlops.data-sanity.v1': dataSanitySchema,
  'mlops.training.v1': trainingSchema,
  'mlops.evaluation.v1': evaluationSchema,
  'mlops.model-version.v1': modelVersionSchema,
  'mlops.package.v1': packageSchema,
  'mlops.deployment.v1': deploymentSchema,
  'mlops.smoke.v1': smokeSchema,
};

export function isEvidenceKind(type: string): type is EvidenceKind {
  return Object.hasOwn(evidenceSchemas, type);
}
