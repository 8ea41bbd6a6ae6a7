/**
 * Where the real service itself departs from its own OpenAPI document, so that the stand-in does too. Each entry names the
 * recording (in the contracts folder) that shows it.
 */
export interface AllowedDeviation {
  operation: RegExp;
  where: 'request' | 'response';
  code: string;
  path: RegExp;
  recording: string;
}

export const allowedDeviations: AllowedDeviation[] = [
  {
    // The document requires credentials.secrets, which the service never shows.
    operation: /^Datastores_/,
    where: 'response',
    code: 'OBJECT_MISSING_REQUIRED_PROPERTY',
    path: /credentials/,
    recording: 'aml/model_version_crud.json: GET datastores/workspaceblobstore',
  },
  {
    // Any api-version is answered with what the newest shows.
    operation: /^Workspaces_(Get|List|CreateOrUpdate|Update)/,
    where: 'response',
    code: 'OBJECT_ADDITIONAL_PROPERTIES',
    path: /\/(etag|allowRoleAssignmentOnRG|softDeleteEnabled|creationTime|linkedModelInventoryArmId|ipAllowlist|networkAcls|systemDatastoresAuthMode|enableServiceSideCMKEncryption|managedNetwork\/(changeableIsolationModes|enableNetworkMonitor|enableFirewallLog))$/,
    recording: 'aml/workspace_get__online_endpoint_create_lro.json: GET workspace',
  },
  {
    operation: /^ModelVersions_/,
    where: 'response',
    code: 'OBJECT_ADDITIONAL_PROPERTIES',
    path: /\/(autoDeleteSetting|intellectualProperty)$/,
    recording: 'aml/model_version_crud.json: PUT and GET models/{name}/versions/3',
  },
  {
    operation: /^Jobs_(CreateOrUpdate|Get|List)$/,
    where: 'response',
    code: 'OBJECT_ADDITIONAL_PROPERTIES',
    path: /\/properties\/(parentJobName|resources\/dockerArgsList|outputs\/[^/]+\/assetName)$/,
    recording: 'aml/command_job_create_get.json: PUT jobs/{name}',
  },
  {
    // Resource Manager itself answers for what does not exist; this document lists the service's successes only.
    operation: /^Registries_Get$/,
    where: 'response',
    code: 'INVALID_RESPONSE_CODE',
    path: /^$/,
    recording: 'aml/job_put_404_parent.json: 404 with error.code and error.message',
  },
];
