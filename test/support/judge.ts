import Ajv4 from 'ajv-draft-04';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LiveValidator } from 'oav';
import { allowedDeviations, type AllowedDeviation } from './allowed-deviations';

/** A request to Resource Manager with its answer. */
export interface Pair {
  method: string;
  /** Absolute or from the path on, with query. */
  url: string;
  requestHeaders?: Record<string, unknown>;
  requestBody: Buffer;
  status: number;
  responseHeaders?: Record<string, unknown>;
  responseBody: Buffer;
}

type SentPair = Pick<Pair, 'method' | 'requestBody'>;

export interface Problem {
  /** `oav` (OpenAPI documents) or `ajv` (JSON schemas of request bodies). */
  judge: 'oav' | 'ajv';
  operation: string;
  where: 'request' | 'response';
  code: string;
  message: string;
  path: string;
}

export interface Judge {
  /** What is wrong with a pair, without what recordings of the real service justify. Pairs that no document describes pass. */
  check(pair: Pair): Promise<Problem[]>;
  /** Operations seen so far. */
  seen: Set<string>;
}

type Judging = (pair: Pair, url: URL) => Promise<{ operation: string; problems: Problem[] }>;

const contracts = resolve(__dirname, '../../../shared/contracts/azure');
const registry = '/providers/Microsoft\\.ContainerRegistry/registries';

/** The api-version whose document is at hand, for each provider (and type). */
const documents: [RegExp, string][] = [
  [/\/providers\/Microsoft\.MachineLearningServices\/workspaces(\/|$)/i, '2024-10-01'],
  [
    new RegExp(`${registry}/[^/]+/(scheduleRun|listBuildSourceUploadUrl|runs|taskRuns|tasks|agentPools)(/|$)`, 'i'),
    '2019-06-01-preview',
  ],
  [new RegExp(`${registry}(/|$)`, 'i'), '2023-07-01'],
  [/\/providers\/Microsoft\.ContainerInstance\/containerGroups(\/|$)/i, '2023-05-01'],
  [/\/providers\/Microsoft\.ContainerService\/managedClusters(\/|$)/i, '2024-09-01'],
];

/**
 * The judges of what goes to and comes from Resource Manager: the official OpenAPI documents and the JSON schemas of
 * request bodies. `undefined` where the contracts folder is not beside the repository.
 */
export async function createJudge(): Promise<Judge | undefined> {
  if (!existsSync(join(contracts, 'specification'))) return undefined;
  const openApi = await openApiJudge();
  const schemas = schemaJudge();
  const seen = new Set<string>();
  return {
    seen,
    check: async (pair) => {
      const url = new URL(pair.url, 'https://management.azure.com');
      const version = documents.find(([pattern]) => pattern.test(url.pathname))?.[1];
      // The data plane carries resource ids behind prefixes of its own; its operations are not Resource Manager's.
      if (version === undefined || !/^\/subscriptions\//i.test(url.pathname)) return [];
      // Triggering a schedule is an operation of preview versions only.
      if (/\/schedules\/[^/]+\/trigger$/i.test(url.pathname)) return [];
      // What the gateway refuses (token, permission, an unknown path) never reaches the service the documents describe.
      if (pair.status === 401 || pair.status === 405) return [];
      url.searchParams.set('api-version', version);
      const found = await openApi(pair, url);
      seen.add(found.operation);
      const problems = [...found.problems, ...(pair.status < 400 ? schemas(pair, url) : [])];
      return problems.filter((problem) => !allowedDeviations.some((allowed) => fits(allowed, problem)));
    },
  };
}

/** One readable line for each problem, for an assertion's message. */
export function describeProblems(pair: Pair, problems: Problem[]): string[] {
  return problems.map(
    ({ judge, operation, where, code, message, path }) =>
      `${judge}: ${pair.method} ${operation} ${pair.status} ${where}: ${code} ${message} ${path}`,
  );
}

/** Judges everything that passes an address from now on; `verdict` waits for all and gives the problems. */
export function judgeServer(
  judge: Judge,
  azure: { onExchange(listener: (pair: Pair) => void): () => void },
): { verdict(): Promise<string[]> } {
  const checks: Promise<string[]>[] = [];
  const end = azure.onExchange((pair) => {
    checks.push(judge.check(pair).then((problems) => describeProblems(pair, problems)));
  });
  return {
    verdict: async () => {
      end();
      return (await Promise.all(checks)).flat();
    },
  };
}

function fits(allowed: AllowedDeviation, problem: Problem): boolean {
  return (
    allowed.operation.test(problem.operation) &&
    allowed.where === problem.where &&
    allowed.code === problem.code &&
    allowed.path.test(problem.path)
  );
}

async function openApiJudge(): Promise<Judging> {
  const validator = new LiveValidator(
    {
      directory: join(contracts, 'specification'),
      swaggerPathsPattern: [
        'machinelearningservices/resource-manager/**/*.json',
        'containerregistry/resource-manager/**/2019-06-01-preview/*.json',
        'containerregistry/resource-manager/**/2023-07-01/*.json',
        'containerinstance/resource-manager/**/*.json',
        'containerservice/resource-manager/**/*.json',
      ],
      // Absolute: a relative one is taken from the working directory.
      excludedSwaggerPathsPattern: [join(contracts, 'specification/**/examples/**/*')],
      git: { shouldClone: false },
      isPathCaseSensitive: false,
      loadValidatorInBackground: false,
    },
    () => undefined,
  );
  await validator.initialize();
  return async (pair, url) => {
    const liveRequest = {
      url: `https://management.azure.com${url.pathname}${url.search}`,
      method: pair.method,
      headers: { 'content-type': 'application/json' },
      query: Object.fromEntries(url.searchParams),
      body: readJson(pair.requestBody),
    };
    const headers = Object.fromEntries(
      Object.entries(pair.responseHeaders ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
    );
    const liveResponse = { statusCode: String(pair.status), headers, body: readJson(pair.responseBody) };
    const result = await validator.validateLiveRequestResponse({ liveRequest, liveResponse });
    const operation = result.requestValidationResult.operationInfo.operationId;
    const read = (where: 'request' | 'response', part: typeof result.requestValidationResult): Problem[] => {
      const { runtimeException: failed } = part;
      const failure = failed === undefined ? [] : [{ code: failed.code, message: failed.message, path: '' }];
      const errors = part.errors.map(({ code, message, pathsInPayload }) => ({
        code,
        message,
        path: pathsInPayload.join(' '),
      }));
      return [...failure, ...errors].map((one) => ({ judge: 'oav', operation, where, ...one }));
    };
    // A request that was refused as invalid may well be invalid.
    const request = pair.status === 400 ? [] : read('request', result.requestValidationResult);
    return { operation, problems: [...request, ...read('response', result.responseValidationResult)] };
  };
}

/** Resource types whose bodies are judged by the JSON schemas, too. */
const bodyTypes = [
  'workspaces/jobs',
  'workspaces/onlineEndpoints',
  'workspaces/onlineEndpoints/deployments',
  'workspaces/models/versions',
  'workspaces/environments/versions',
  'workspaces/codes/versions',
  'workspaces/data/versions',
];

/** Judges PUT requests of these resource types by the JSON schemas of Resource Manager's templates. */
export function schemaJudge(types: readonly string[] = bodyTypes): (pair: SentPair, url: URL) => Problem[] {
  const judged = types.map((type) => ({
    type: `Microsoft.MachineLearningServices/${type}`,
    definition: type.replaceAll('/', '_'),
    pattern: new RegExp(`/Microsoft\\.MachineLearningServices/${type.split('/').join('/[^/]+/')}/([^/]+)$`, 'i'),
  }));
  const ajv = new Ajv4({ strict: false, allErrors: true, validateFormats: false });
  const read = (file: string): unknown =>
    JSON.parse(readFileSync(join(contracts, 'arm-template-schemas', file), 'utf8'));
  ajv.addSchema({
    ...asSchema(read('definitions.json')),
    id: 'https://schema.management.azure.com/schemas/common/definitions.json#',
  });
  ajv.addSchema(asSchema(withoutGeneratorFaults(read('2026-05-01/Microsoft.MachineLearningServices.json'))));
  const base =
    'https://schema.management.azure.com/schemas/2026-05-01/Microsoft.MachineLearningServices.json#/resourceDefinitions';
  const compiled = new Map(
    judged.map(({ definition }) => [definition, ajv.compile({ $ref: `${base}/${definition}` })]),
  );
  return (pair, url) => {
    const known = judged.find(({ pattern }) => pattern.test(url.pathname));
    const body = readJson(pair.requestBody);
    const validate = compiled.get(known?.definition ?? '');
    if (pair.method !== 'PUT' || known === undefined || validate === undefined || body === undefined) return [];
    const name = known.pattern.exec(url.pathname)?.[1];
    if (validate({ type: known.type, apiVersion: '2026-05-01', name, ...body })) return [];
    return (validate.errors ?? []).map((error) => ({
      judge: 'ajv',
      operation: known.definition,
      where: 'request',
      code: error.keyword,
      message: error.message ?? '',
      path: error.instancePath,
    }));
  };
}

/**
 * Three faults of the schemas' generator are taken out: base types are closed against their own derived properties, numbers
 * with fractions are typed as integers, and a model's flavor as a map of texts (recorded: `{data: {…}}`).
 */
function withoutGeneratorFaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutGeneratorFaults);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, inner]) => !(name === 'additionalProperties' && inner === false))
      .map(([name, inner]) => {
        if (name === 'FlavorData') return [name, { type: 'object' }];
        if (name === 'type' && inner === 'integer') return [name, 'number'];
        return [name, withoutGeneratorFaults(inner)];
      }),
  );
}

function asSchema(value: unknown): Record<string, unknown> {
  if (isObject(value)) return value;
  throw new Error('A file of JSON schemas does not hold an object.');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readJson(body: Buffer): Record<string, unknown> | undefined {
  if (body.length === 0) return undefined;
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
