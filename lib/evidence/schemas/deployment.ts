import { address, dialect, flag, model, name, omitted, sha256, text, time, traffic } from './parts';

export const deploymentSchema = {
  $schema: dialect,
  title: 'mlops.deployment.v1',
  description: 'What a deployment left serving.',
  type: 'object',
  additionalProperties: false,
  required: ['kind', 'target', 'name', 'scoringUri'],
  properties: {
    kind: { const: 'mlops.deployment.v1' },
    target: { enum: ['containerInstance', 'aks', 'managedEndpoint'] },
    name: { ...name, description: 'Endpoint, container group or Kubernetes deployment.' },
    place: {
      ...address,
      description:
        'Where it is: ARM id of the endpoint or the container group; of a Kubernetes deployment the id of the cluster and /namespaces/<namespace>.',
    },
    deployment: name,
    previousDeployment: name,
    scoringUri: address,
    image: { ...address, description: 'That serves, where the step named one.' },
    model,
    trafficBefore: { ...traffic, description: 'Percent by deployment before the step.' },
    traffic: { ...traffic, description: 'Percent by deployment after it.' },
    environment: { ...name, description: 'Azure DevOps environment of the job.' },
    approval: {
      type: 'object',
      description: 'The approval that let it in.',
      additionalProperties: false,
      required: ['id', 'decidedBy', 'decidedOn', 'bound'],
      properties: {
        id: name,
        evidenceSha256: { ...sha256, description: 'Of the manifest that the approver saw.' },
        decidedBy: {
          type: 'array',
          maxItems: 50,
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['id', 'displayName'],
            properties: { id: name, displayName: text(512) },
          },
        },
        decidedOn: time,
        bound: { ...flag, description: 'Whether a comment named this evidence.' },
      },
    },
    omitted,
  },
} as const;
