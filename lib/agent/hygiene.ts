import * as tl from 'azure-pipelines-task-lib/task';
import { TaskError } from './errors';

/**
 * Environment variables that steer identity, trust or code loading of a Node process. The agent turns every pipeline
 * variable into one (azure-pipelines-agent, Handler.AddVariablesToEnvironment), so whoever may queue a run could
 * redirect tokens. The agent's own environment may hold them; a pipeline variable may not.
 */
const steering = [
  /^(IDENTITY|MSI|IMDS)_(ENDPOINT|HEADER|SECRET|SERVER_THUMBPRINT)$/,
  /^AZURE_(CLIENT_(ID|SECRET|CERTIFICATE_PATH)|TENANT_ID|AUTHORITY_HOST|FEDERATED_TOKEN_FILE|POD_IDENTITY_AUTHORITY_HOST|TOKEN_CREDENTIALS|REGIONAL_AUTHORITY_NAME|LOG_LEVEL)$/,
  /^(HTTPS?|ALL|NO)_PROXY$/,
  /^NODE_(OPTIONS|PATH|EXTRA_CA_CERTS|TLS_REJECT_UNAUTHORIZED|USE_ENV_PROXY)$/,
  // These make Node write headers, keys or reports past the redactor.
  /^(NODE_(DEBUG|DEBUG_NATIVE|V8_COVERAGE|REDIRECT_WARNINGS)|SSLKEYLOGFILE)$/,
  /^SSL_CERT_(FILE|DIR)$/,
  /^LD_(PRELOAD|LIBRARY_PATH)$/,
];

/** The agent's own proxy and certificates: a variable under another name takes their place (`AGENT_CAINFO` that of `Agent.CAInfo`). */
const agentsOwn = /^AGENT_(PROXY(URL|USERNAME|PASSWORD|BYPASSLIST)|CAINFO|TEMPDIRECTORY|WORKFOLDER)$/;

/** Throws `TaskError` when a pipeline variable would steer this process. */
export function refuseSteeringVariables(): void {
  const names = tl.getVariables().map(({ name }) => name);
  const found = names.filter((name) => {
    const key = environmentName(name);
    // An environment is `name=value`: the variable `HTTPS_PROXY=http` becomes HTTPS_PROXY. Nothing else has such a name.
    if (name.includes('=')) return true;
    if (agentsOwn.test(key)) return !/^agent\.[a-z]+$/i.test(name);
    return steering.some((pattern) => pattern.test(key));
  });
  if (found.length === 0) return;
  throw new TaskError(
    `The pipeline sets the variable ${found.join(', ')}, which would redirect this task's identity, proxy, certificates or diagnostics.`,
    'Remove it from the pipeline, its variable groups and the queue-time variables; set it in the environment of the agent service if the agent needs it.',
  );
}

/**
 * Variables reach a task by its environment, on agents until July 2026 after its inputs (agent source `NodeHandler.cs`): there
 * INPUT_APPROVALPOLICY, or input.approvalPolicy, takes the place of the input. On all of them SYSTEM_HOSTTYPE takes that of
 * System.HostType, which no step can set by its own name. Any line of a step's output can set such a variable.
 *
 * @param own name of the agent's own variable; absent for an input
 * @throws TaskError when another variable stands in that place
 */
export function refuseStandIn(key: string, own?: string): void {
  const found = tl.getVariables().find(({ name }) => environmentName(name) === key);
  if (found === undefined || found.name.toLowerCase() === own?.toLowerCase()) return;
  // Nor a secret, though it has a place of its own: task-lib tells of one name a place, and behind it may stand another's value.
  throw new TaskError(
    `The variable ${found.name} stands in the place of ${own === undefined ? 'an input' : `the agent's own ${own}`}.`,
    'Give it another name: find where the pipeline, or a step of the job by a line of its output, sets it.',
  );
}

/** As the agent writes names of variables and inputs. */
export function environmentName(name: string): string {
  return name.replace(/[. ]/g, '_').toUpperCase();
}
