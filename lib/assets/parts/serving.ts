import path from 'node:path';
import { readFileSync, statSync } from 'node:fs';
import { pythonFault } from '../python-syntax';
import { parseReference } from '../references';
import { tagged } from '../shape/collections';
import { optional, record, required } from '../shape/record';
import { integer, integerIn, text, word } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';
import { deploymentCode } from './code';
import { milliseconds, seconds } from './durations';
import { localPath } from './paths';

/** How a deployment serves: code, probes, limits, scale. */

/**
 * Code and the script in it that scores. The script must be there: the service would find out only after minutes. It may not
 * lie outside the folder, which is all that is uploaded.
 */
export const codeConfiguration = refine(
  record({ code: required(deploymentCode), scoring_script: required(text) }),
  ({ code: codeId, scoringScript }, at, scope) => {
    const place = at.required('scoring_script');
    if (scoringScript === '') throw place.error('scoring_script is empty', 'Name the script, as a path below code.');
    const named = at.string('code');
    if (parseReference(named, 'codes')) return { codeId, scoringScript };
    const folder = localPath(scope.folder, named);
    const script = path.resolve(folder, scoringScript);
    if (statSync(folder, { throwIfNoEntry: false })?.isFile() === true) {
      throw at.required('code').error(`code: ${folder} is a file`, 'Name the folder that the script is in.');
    }
    if (statSync(script, { throwIfNoEntry: false })?.isFile() !== true) {
      throw place.error(`scoring_script: ${script} does not exist`, 'It is a path below code.');
    }
    if (!script.startsWith(folder + path.sep)) {
      throw place.error(`scoring_script: ${script} is not below code, so it is not uploaded`, 'Move it below code.');
    }
    const fault = pythonFault(readFileSync(script, 'utf8'));
    if (fault) {
      throw place.error(`scoring_script: ${script}:${fault.line}: ${fault.problem}`, 'Correct the script.');
    }
    return { codeId, scoringScript };
  },
);

export const probe = record({
  initial_delay: optional(seconds),
  period: optional(seconds),
  timeout: optional(seconds),
  success_threshold: optional(integer),
  failure_threshold: optional(integer),
});

export const requestSettings = record({
  request_timeout_ms: optional(milliseconds, { as: 'requestTimeout' }),
  max_concurrent_requests_per_instance: optional(integer),
  max_queue_wait_ms: optional(milliseconds, { as: 'maxQueueWait' }),
});

const defaultScale = record({ type: required(word({ default: 'Default' }), { as: 'scaleType' }) });
const targetScale = record({
  type: required(word({ target_utilization: 'TargetUtilization' }), { as: 'scaleType' }),
  min_instances: optional(integerIn(0)),
  max_instances: optional(integerIn(0)),
  polling_interval: optional(seconds),
  target_utilization_percentage: optional(integer),
});

/** Managed compute does not scale by utilisation itself: Azure Monitor does. */
export const managedScale: Shape = tagged<unknown>('type', { default: defaultScale });
export const kubernetesScale: Shape = tagged<unknown>('type', {
  default: defaultScale,
  target_utilization: targetScale,
});

const amounts = record({
  cpu: optional(text),
  memory: optional(text),
  gpu: optional(text),
  'nvidia.com/gpu': optional(text, { as: 'gpu' }),
});

export const containerResources = record({
  requests: optional(amounts, { as: 'containerResourceRequests' }),
  limits: optional(amounts, { as: 'containerResourceLimits' }),
});
