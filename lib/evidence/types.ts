import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import type { dataSanitySchema } from './schemas/data-sanity';
import type { deploymentSchema } from './schemas/deployment';
import type { evaluationSchema } from './schemas/evaluation';
import type { modelVersionSchema } from './schemas/model-version';
import type { packageSchema } from './schemas/package';
import type { model } from './schemas/parts';
import type { smokeSchema } from './schemas/smoke';
import type { trainingSchema } from './schemas/training';

/** Shapes of the records that runs leave behind, as their schemas say them; `schemas/` describes every member. */
export type DataSanityEvidence = Body<typeof dataSanitySchema>;
export type TrainingEvidence = Body<typeof trainingSchema>;
export type EvaluationEvidence = Body<typeof evaluationSchema>;
export type ModelVersionEvidence = Body<typeof modelVersionSchema>;
export type PackageEvidence = Body<typeof packageSchema>;
export type DeploymentEvidence = Body<typeof deploymentSchema>;
export type SmokeTestEvidence = Body<typeof smokeSchema>;

export interface EvidenceBodies {
  'mlops.data-sanity.v1': DataSanityEvidence;
  'mlops.training.v1': TrainingEvidence;
  'mlops.evaluation.v1': EvaluationEvidence;
  'mlops.model-version.v1': ModelVersionEvidence;
  'mlops.package.v1': PackageEvidence;
  'mlops.deployment.v1': DeploymentEvidence;
  'mlops.smoke.v1': SmokeTestEvidence;
}

export type EvidenceKind = keyof EvidenceBodies;

/**
 * A record that a run leaves behind. `kind` is also the type of the attachment and names the version of its shape; it tells
 * the records of an `Evidence<EvidenceKind>` apart.
 */
export type Evidence<K extends EvidenceKind> = { [P in K]: { kind: P } & EvidenceBodies[P] }[K];

/** A model version of a workspace or registry. `id` is its ARM id. */
export type ModelReference = FromSchema<typeof model>;
/** One rule of a contract and what came of it. */
export type DataCheck = DataSanityEvidence['checks'][number];
/** An improvement with its interval, in the metric's own unit. */
export type Comparison = NonNullable<EvaluationEvidence['comparison']>;
/** The metric in one group of the hold-out rows. */
export type Segment = NonNullable<EvaluationEvidence['segments']>[number];
/** The approval that let a deployment in. */
export type DeploymentApproval = NonNullable<DeploymentEvidence['approval']>;

type Body<S extends JSONSchema> = Omit<FromSchema<S>, 'kind'>;
