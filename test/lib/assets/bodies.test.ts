import assert from 'node:assert/strict';
import { hasContracts } from '../../support/contracts';
import { schemaJudge } from '../../support/judge';
import { swaggerObjections } from '../../support/oav';
import { expectedFiles, translated } from './corpus';

/** Where what azure-ai-ml sends and the service's stable documents cannot both be right. */
interface Exception {
  /** Part of the request's address. */
  of: RegExp;
  /** Place in the request, as a JSON pointer. */
  at: RegExp;
  why: string;
}

const exceptions: Exception[] = [
  { of: /\/jobs\//, at: /^\/properties\/jobType$/, why: 'jobs of type FineTuning: 2024-10-01-preview' },
  {
    of: /\/jobs\//,
    at: /^\/properties\/taskDetails\/(limitSettings\/(maxNodes|sweepTrials|sweepConcurrentTrials)|searchSpace|sweepSettings)/,
    why: 'AutoML limitSettings.maxNodes, sweepTrials, sweepConcurrentTrials; NLP searchSpace, sweepSettings: preview members',
  },
  {
    of: /\/(jobs|schedules)\//,
    at: /^\/properties\/(?:action\/jobDefinition\/)?(outputs\/[^/]+\/(assetName|assetVersion)|resources)$/,
    why: "a job's outputs: assetName, assetVersion (newer versions know assetName); sweep job resources",
  },
  {
    of: /\/jobs\//,
    at: /^\/properties\/inputs\/[^/]+\/(value|uri|jobInputType)$/,
    why: 'an input that is the empty text',
  },
  {
    of: /\/computes\//,
    at: /^\/properties\/properties\/(enableSSO|enableRootAccess|enableOSPatching|idleTimeBeforeShutdown|releaseQuotaOnStop)$/,
    why: 'compute instance enableSSO, enableRootAccess, enableOSPatching, idleTimeBeforeShutdown: preview members',
  },
  {
    of: /\/computes\//,
    at: /^\/properties\/properties\/schedules\/computeStartStop\/\d+\/status$/,
    why: 'enumerations: enabled, disabled; the case is free to the service',
  },
  {
    of: /\/computes\//,
    at: /^\/properties\/properties\/schedules\/computeStartStop\/\d+\/(cron|recurrence)\/triggerType$/,
    why: "a start or stop's trigger: its type stands in it as well, a member of preview versions",
  },
  {
    of: /\/schedules\//,
    at: /\/(alertNotificationSetting|mode|workspaceConnection|actionType)$/,
    why: "schedules: alertNotificationSetting, a signal's mode, workspaceConnection, actionType: ImportData",
  },
  {
    of: /\/schedules\//,
    at: /\/signals\/[^/]+\/(productionData(\/\d+)?\/inputDataType|modelType|featureImportanceSettings|metricThresholds\/\d+\/metric)$/,
    why: 'schedules: signals of a preview version (a window that trails, modelType); enumerations: monitor metric',
  },
  { of: /\/registries\//, at: /managedResourceGroupTags$/, why: 'registry managedResourceGroupTags' },
  { of: /\/serverlessEndpoints\//, at: /^\/properties(\/authMode)?$/, why: 'serverless endpoint: no authMode' },
  {
    of: /%3C|</,
    at: /^\/path\/\w+$|^\/name$/,
    why: 'names that an example leaves to be filled in: <AML_WORKSPACE_NAME>',
  },
  {
    of: /\/datastores\//,
    at: /^\/properties\/credentials\/(clientId|tenantId)$/,
    why: 'ids that an example leaves to be filled in: XXXXXXXX-XXXX-…',
  },
  {
    of: /\/environments\//,
    at: /^\/properties\/inferenceConfig\/(liveness|readiness)Route\/path$/,
    why: 'a route that is / alone: the documents want a letter or a digit in it',
  },
];

/** Resource types whose bodies the schemas of Resource Manager's templates describe. */
const types = [
  'workspaces',
  'registries',
  ...[
    'batchEndpoints',
    'batchEndpoints/deployments',
    'codes/versions',
    'components/versions',
    'computes',
    'connections',
    'data/versions',
    'datastores',
    'environments/versions',
    'jobs',
    'models/versions',
    'onlineEndpoints',
    'onlineEndpoints/deployments',
    'schedules',
    'serverlessEndpoints',
  ].map((type) => `workspaces/${type}`),
];

type Sent = Parameters<typeof swaggerObjections>[0][number];

/** Every request of every file, as one of the version that the documents describe. */
async function requests(): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (const expected of expectedFiles()) {
    const ours = await translated(expected);
    if ('error' in ours) continue;
    for (const call of ours.calls) {
      if ('upload' in call) continue;
      const url = new URL(call.path, 'https://management.azure.com');
      url.searchParams.set('api-version', '2024-10-01');
      const query = Object.fromEntries(url.searchParams);
      sent.push({ method: call.method, path: call.path.replace(/\?.*/, ''), query, host: url.host, body: call.body });
    }
  }
  return sent;
}

describe('the bodies of Azure ML files', function () {
  this.timeout(60_000);
  if (!hasContracts('aml-files') || !hasContracts('azure')) {
    it('the recorded files and documents (../shared/contracts) are not beside the repository: nothing is judged');
    return;
  }
  const used = new Set<Exception>();
  let all: Sent[];
  before(async () => (all = await requests()));

  function isExcused(address: string, place: string): boolean {
    const found = exceptions.find(({ of, at }) => of.test(address) && at.test(place));
    if (found) used.add(found);
    return found !== undefined;
  }

  it('fit the service’s own document, apart from listed places', () => {
    assert.ok(all.length > 500, `${all.length} requests`);
    const wrong = swaggerObjections(all).filter((objection) => {
      const [, address = '', reasons = ''] = /^(\S+ .*?api-version=\S+?): ([^]*)$/.exec(objection) ?? [];
      const places = [...reasons.matchAll(/(?<=[ ,])(\/[\w/.-]+)(?=[;,]|$)/g)].map(([, place = '']) => place);
      return places.length === 0 || !places.every((place) => isExcused(address, place));
    });
    assert.deepEqual(wrong, []);
  });

  it('fit the schemas of Resource Manager’s templates, apart from listed places', () => {
    const judge = schemaJudge(types);
    const wrong: string[] = [];
    for (const { method, path, body } of all) {
      const url = new URL(path, 'https://management.azure.com');
      const problems = judge({ method, requestBody: Buffer.from(JSON.stringify(body)) }, url);
      for (const place of furthest(problems.map((one) => one.path))) {
        if (!isExcused(url.pathname, place)) wrong.push(`${path}: ${place}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('need every listed exception', () => {
    assert.deepEqual(
      exceptions.filter((one) => !used.has(one)).map(({ why }) => why),
      [],
    );
  });
});

/**
 * A body that fits none of several forms is told for each of them. What is wrong is where the most of it was read, and not
 * the member that only says which form it is.
 */
function furthest(places: readonly string[]): string[] {
  const deepest = Math.max(...places.map((place) => place.split('/').length));
  const far = [...new Set(places)].filter((place) => place.split('/').length === deepest);
  const others = far.filter((place) => !place.endsWith('Type'));
  return others.length > 0 ? others : far;
}
