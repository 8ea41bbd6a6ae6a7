import { address, dialect, digest, model, name, omitted } from './parts';

export const packageSchema = {
  $schema: dialect,
  title: 'mlops.package.v1',
  description: 'An image that serves a model version.',
  type: 'object',
  additionalProperties: false,
  required: ['kind', 'image', 'digest', 'registry', 'model'],
  properties: {
    kind: { const: 'mlops.package.v1' },
    image: { ...address, description: 'registry/name@sha256:…' },
    digest,
    registry: name,
    model,
    modelDigest: digest,
    buildRun: { ...name, description: 'Name of the registry’s run that built it; absent when it was there already.' },
    baseImage: address,
    contextDigest: { ...digest, description: 'Over the build context.' },
    omitted,
  },
} as const;
