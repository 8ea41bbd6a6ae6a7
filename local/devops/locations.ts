/**
 * The REST locations this server has, as `OPTIONS _apis` lists them: ids, route templates and versions are the service's own.
 * A client such as azure-devops-node-api looks up the route by the id and negotiates the version from the rest.
 */
export interface Location {
  id: string;
  area: string;
  resourceName: string;
  routeTemplate: string;
  resourceVersion: number;
  minVersion: string;
  maxVersion: string;
  /** `0.0`: only as a preview. */
  releasedVersion: string;
}

function at(
  id: string,
  area: string,
  resourceName: string,
  route: string,
  version: number,
  released = '7.1',
  min = '1.0',
): Location {
  return {
    id,
    area,
    resourceName,
    routeTemplate: route,
    resourceVersion: version,
    minVersion: min,
    maxVersion: '7.2',
    releasedVersion: released,
  };
}

const preview = '0.0';
const project = '{project}/_apis';
const build = `${project}/{area}/builds/{buildId}`;
const checks = `${project}/pipelines/checks/{resource}`;

export const locations = {
  connectionData: at(
    '00d9565f-ed9c-4a06-9a50-00e7896ccab4',
    'Location',
    'ConnectionData',
    '_apis/{resource}',
    1,
    preview,
  ),
  resourceAreas: at(
    'e81700f7-3be2-46de-8624-2eb35882fcaa',
    'Location',
    'ResourceAreas',
    '_apis/{resource}/{areaId}',
    1,
    preview,
    '3.2',
  ),

  projects: at('603fe2ac-9723-48b9-88ad-09305aa6c6e1', 'core', 'projects', '_apis/{resource}/{*projectId}', 4),
  teams: at(
    'd30a3dd1-f8ba-442a-b86a-bd0c0c383e59',
    'core',
    'teams',
    '_apis/projects/{projectId}/{resource}/{*teamId}',
    3,
  ),
  allTeams: at('7a4d9ee9-3433-4347-b47a-7a80f1cf307e', 'core', 'teams', '_apis/{resource}', 3, preview, '4.1'),
  teamMembers: at(
    '294c494c-2600-4d7e-b76c-3dd50c3c95be',
    'core',
    'members',
    '_apis/projects/{projectId}/teams/{teamId}/{resource}',
    2,
  ),

  builds: at('0cd358e1-9217-4d94-8269-1c1ee6f93dcf', 'Build', 'Builds', `${project}/build/{resource}/{buildId}`, 7),
  definitions: at(
    'dbeaf647-6167-421a-bda9-c9327b25e2e6',
    'Build',
    'Definitions',
    `${project}/build/{resource}/{definitionId}`,
    7,
  ),
  timeline: at(
    '8baac422-4c6e-4de5-8532-db96d92acffa',
    'build',
    'Timeline',
    `${build}/{resource}/{timelineId}`,
    3,
    '7.1',
    '2.0',
  ),
  logs: at('35a80daf-7f30-45fc-86e8-6b813d9c90df', 'build', 'logs', `${build}/{resource}/{logId}`, 2, '7.1', '2.0'),
  attachment: at(
    'af5122d3-3438-485e-a25a-2dbbfde84ee6',
    'build',
    'attachments',
    `${build}/{timelineId}/{recordId}/{resource}/{type}/{name}`,
    2,
    '7.1',
    '4.1',
  ),
  attachments: at(
    'f2192269-89fa-4f94-baf6-8fb128c55159',
    'build',
    'attachments',
    `${build}/{resource}/{type}`,
    2,
    '7.1',
    '4.1',
  ),
  artifacts: at(
    '1db06c96-014e-44e1-ac91-90b2d4b3e984',
    'build',
    'artifacts',
    `${build}/{resource}/{artifactName}`,
    5,
    '7.1',
    '2.0',
  ),
  buildTags: at('6e6114b2-8161-44c8-8f6c-c5505782427f', 'build', 'tags', `${build}/{resource}/{*tag}`, 3, '7.1', '2.0'),
  projectTags: at(
    'd84ac5c6-edc7-43d5-adc9-1b34be5dea09',
    'build',
    'tags',
    `${project}/{area}/{resource}/{*tag}`,
    3,
    '7.1',
    '2.0',
  ),
  buildProperties: at(
    '0a6312e9-0627-49b7-8083-7d74a64849c9',
    'build',
    'properties',
    `${build}/{resource}`,
    1,
    '7.1',
    '3.2',
  ),
  buildLeases: at('3da19a6a-f088-45c4-83ce-2ad3a87be6c4', 'build', 'buildleases', `${build}/leases`, 1, '7.1', '6.1'),
  leases: at(
    '272051e4-9af1-45b5-ae22-8d960a5539d4',
    'build',
    'leases',
    `${project}/{area}/retention/{resource}/{*leaseId}`,
    2,
    '7.1',
    '6.0',
  ),
  stages: at(
    'b8aac6c9-744b-46e1-88fc-3550969f9313',
    'build',
    'stages',
    `${build}/{resource}/{stageRefName}`,
    5,
    '7.1',
    '5.2',
  ),
  changes: at('54572c7b-bbd3-45d4-80dc-28be08941620', 'build', 'changes', `${build}/{resource}`, 2, '7.1', '2.0'),

  pipelines: at(
    '28e1305e-2afe-47bf-abaf-cbb0e6a91988',
    'Pipelines',
    'pipelines',
    `${project}/{area}/{pipelineId}`,
    1,
    '7.1',
    '5.1',
  ),
  pipelineRuns: at(
    '7859261e-d2e9-4a68-b820-a5d84cc5bb3d',
    'Pipelines',
    'runs',
    `${project}/{area}/{pipelineId}/{resource}/{runId}`,
    2,
    '7.1',
    '5.1',
  ),

  testRuns: at('cadb3810-d47d-4a3c-a234-fe5f3be50138', 'Test', 'Runs', `${project}/test/{resource}/{runId}`, 3),
  testResults: at(
    '4637d869-3a76-4468-8057-0bb02aa385cf',
    'Test',
    'Results',
    `${project}/test/Runs/{runId}/{resource}/{testCaseResultId}`,
    6,
  ),

  environments: at(
    'd86b72de-d240-4d6f-8d06-08c2d66b015d',
    'environments',
    'environments',
    `${project}/pipelines/{resource}/{environmentId}`,
    1,
    '7.1',
    '5.2',
  ),
  environmentRecords: at(
    '0d9bba8c-e474-49a0-979a-e3b990b4bf76',
    'environments',
    'environmentdeploymentrecords',
    `${project}/pipelines/environments/{environmentId}/{resource}`,
    1,
    '7.1',
    '5.2',
  ),
  oldEnvironments: at(
    '8572b1fc-2482-47fa-8f74-7e3ed53ee54b',
    'distributedtask',
    'environments',
    `${project}/{area}/{resource}/{environmentId}`,
    1,
    '7.1',
    '5.0',
  ),
  oldEnvironmentRecords: at(
    '51bb5d21-4305-4ea6-9dbb-b7488af73334',
    'distributedtask',
    'environmentdeploymentRecords',
    `${project}/{area}/environments/{environmentId}/{resource}`,
    1,
    '7.1',
    '5.0',
  ),
  variableGroups: at(
    'f5b09dd5-9d54-45a1-8b5a-1c8287d634cc',
    'distributedtask',
    'variablegroups',
    `${project}/{area}/{resource}/{groupId}`,
    2,
    '7.1',
    '3.1',
  ),
  oidcToken: at(
    '69a319f4-28c1-4bfd-93e6-ea0ff5c6f1a2',
    'distributedtask',
    'oidctoken',
    '{scopeIdentifier}/_apis/{area}/hubs/{hubName}/plans/{planId}/jobs/{jobId}/{resource}',
    1,
    '7.1',
    '7.1',
  ),

  approvals: at(
    '37794717-f36f-4d78-b2bf-4dc30d0cfbcd',
    'approval',
    'approvals',
    `${project}/pipelines/{resource}/{approvalId}`,
    2,
    '7.1',
    '5.1',
  ),
  checkConfigurations: at(
    '86c8381e-5aee-4cde-8ae4-25c0c7f5eaea',
    'PipelinesChecks',
    'configurations',
    `${checks}/{id}`,
    1,
    preview,
    '5.1',
  ),
  checkQuery: at(
    '5f3d0e64-f943-4584-8811-77eb495e831e',
    'PipelinesChecks',
    'queryconfigurations',
    checks,
    1,
    preview,
    '5.2',
  ),
  checkRuns: at(
    '91282c1d-c183-444f-9554-1485bfb3879d',
    'PipelinesChecks',
    'runs',
    `${checks}/{checkSuiteId}`,
    1,
    preview,
    '5.1',
  ),
  pipelinePermissions: at(
    'b5b9a4a4-e6cd-4096-853c-ab7d8b0c4eb2',
    'pipelinePermissions',
    'pipelinePermissions',
    `${project}/pipelines/{resource}/{resourceType}/{resourceId}`,
    1,
    preview,
    '5.1',
  ),

  endpoints: at(
    'e85f1c62-adfc-4b74-b618-11a150fb195e',
    'serviceendpoint',
    'endpoints',
    `${project}/{area}/{resource}/{endpointId}`,
    4,
    '7.1',
    '4.1',
  ),

  securityNamespaces: at(
    'ce7b9f95-fde9-4be8-a86d-83b366f0b87a',
    'Security',
    'SecurityNamespaces',
    '_apis/{resource}/{securityNamespaceId}',
    1,
  ),
  permissions: at(
    'dd3b8bd6-c7fc-4cbd-929a-933d9c011c9d',
    'Security',
    'Permissions',
    '_apis/{resource}/{securityNamespaceId}/{permissions}',
    2,
  ),
  permissionBatch: at(
    'cf1faa59-1b63-4448-bf04-13d981a46f5d',
    'Security',
    'PermissionEvaluationBatch',
    '_apis/{area}/{resource}',
    1,
    '7.1',
    '3.0',
  ),

  // These the service has at its identity host (vssps); with no resource areas listed, clients ask here.
  identities: at('28010c54-d0c0-4c89-a5b0-1c9e188b9fb7', 'IMS', 'Identities', '_apis/{resource}/{identityId}', 1),
  graphUsers: at(
    '005e26ec-6b77-4e4f-a986-b3827bf241f5',
    'Graph',
    'Users',
    '_apis/{area}/{resource}/{userDescriptor}',
    1,
    preview,
    '3.0',
  ),
  graphGroups: at(
    'ebbe6af8-0b91-4c13-8cf1-777c14858188',
    'Graph',
    'Groups',
    '_apis/{area}/{resource}/{groupDescriptor}',
    1,
    preview,
    '3.0',
  ),
  graphMemberships: at(
    'e34b6394-6b30-4435-94a9-409a5eef3e31',
    'Graph',
    'Memberships',
    '_apis/{area}/{resource}/{subjectDescriptor}',
    1,
    preview,
    '3.0',
  ),
  graphDescriptors: at(
    '048aee0a-7072-4cde-ab73-7af77b1e0b4e',
    'Graph',
    'Descriptors',
    '_apis/{area}/{resource}/{storageKey}',
    1,
    preview,
    '3.0',
  ),
} satisfies Record<string, Location>;
