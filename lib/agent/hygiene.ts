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
    const key = name.replace(/[. ]/g, '_').toUpperCase();
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
