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

/** Throws `TaskError` when a pipeline variable would steer this process. */
export function refuseSteeringVariables(): void {
  const found = tl
    .getVariables()
    .map(({ name }) => name)
    .filter((name) => steering.some((pattern) => pattern.test(name.replace(/[. ]/g, '_').toUpperCase())));
  if (found.length === 0) return;
  throw new TaskError(
    `The pipeline sets the variable ${found.join(', ')}, which would redirect this task's identity, proxy, certificates or diagnostics.`,
    'Remove it from the pipeline, its variable groups and the queue-time variables; set it in the environment of the agent service if the agent needs it.',
  );
}
