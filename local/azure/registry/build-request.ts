import { asList, asNumber, asObject, asString } from '../json';
import { ArmFault } from '../service';
import { isRepositoryName, isTag } from './storage';

/** A quick build as `Registries_ScheduleRun` takes it (`DockerBuildRequest`). */
export interface BuildRequest {
  imageNames: string[];
  isPushEnabled: boolean;
  isArchiveEnabled: boolean;
  noCache: boolean;
  dockerFilePath: string;
  arguments: { name: string; value: string; isSecret: boolean }[];
  sourceLocation: string;
  /** Seconds. */
  timeout: number;
  platform: { os: string; architecture: string };
  cpu: number;
}

/**
 * Reads the body of scheduleRun.
 * @throws ArmFault 400 naming what is missing or not supported.
 */
export function readBuildRequest(value: unknown): BuildRequest {
  const body = asObject(value);
  const type = asString(body['type']);
  if (type !== 'DockerBuildRequest') {
    throw invalid(`The run request type '${type ?? ''}' is not supported here: only DockerBuildRequest is.`);
  }
  if (body['agentPoolName'] !== undefined && body['agentPoolName'] !== null)
    throw invalid('Agent pools are not supported here.');
  if (asString(body['target']) !== undefined) throw invalid('A target stage is not supported here.');
  const dockerFilePath = asString(body['dockerFilePath']);
  if (dockerFilePath === undefined || dockerFilePath === '')
    throw invalid("The property 'dockerFilePath' is required.");
  const platform = asObject(body['platform']);
  const os = asString(platform['os']);
  if (os === undefined) throw invalid("The property 'platform.os' is required.");
  if (os.toLowerCase() !== 'linux') throw invalid(`The platform '${os}' is not supported here.`);
  return {
    imageNames: asList(body['imageNames']).filter((name) => typeof name === 'string'),
    isPushEnabled: body['isPushEnabled'] !== false,
    isArchiveEnabled: body['isArchiveEnabled'] === true,
    noCache: body['noCache'] === true,
    dockerFilePath,
    arguments: asList(body['arguments']).map(asObject).map(readArgument),
    sourceLocation: asString(body['sourceLocation']) ?? '',
    timeout: readTimeout(body['timeout']),
    platform: { os: 'Linux', architecture: asString(platform['architecture']) ?? 'amd64' },
    cpu: asNumber(asObject(body['agentConfiguration'])['cpu']) ?? 2,
  };
}

function readArgument(entry: Record<string, unknown>): { name: string; value: string; isSecret: boolean } {
  const name = asString(entry['name']);
  const value = asString(entry['value']);
  if (name === undefined || value === undefined) throw invalid("Each entry of 'arguments' needs a name and a value.");
  return { name, value, isSecret: entry['isSecret'] === true };
}

function readTimeout(value: unknown): number {
  if (value === undefined || value === null) return 3600;
  const seconds = asNumber(value);
  if (seconds === undefined || seconds < 300 || seconds > 28_800)
    throw invalid("The property 'timeout' must be between 300 and 28800.");
  return seconds;
}

/** Repository and tag of an image name; the registry's own server and the run's id may be part of it. */
export function imageName(text: string, loginServer: string, runId: string): { repository: string; tag: string } {
  const filled = text
    .replaceAll(/\{\{\s*\.Run\.ID\s*\}\}|\$ID\b/g, runId)
    .replaceAll(/\{\{\s*\.Run\.Registry\s*\}\}|\$Registry\b/g, loginServer);
  const path = filled.startsWith(`${loginServer}/`) ? filled.slice(loginServer.length + 1) : filled;
  const colon = path.lastIndexOf(':');
  const repository = colon > path.lastIndexOf('/') ? path.slice(0, colon) : path;
  const tag = colon > path.lastIndexOf('/') ? path.slice(colon + 1) : 'latest';
  if (!isRepositoryName(repository) || !isTag(tag)) throw invalid(`The image name '${text}' is not valid.`);
  return { repository, tag };
}

function invalid(message: string): ArmFault {
  return new ArmFault(400, 'InvalidRequest', message);
}
