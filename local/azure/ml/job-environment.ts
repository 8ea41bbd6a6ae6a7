import type { Core } from '../service';
import type { Bindings } from './job-files';
import type { CommandJob } from './job-document';
import { cleanEnvironment } from './process-group';
import type { PythonEnvironment } from './python';
import { TrackingStore } from './tracking-store';

/** Longer than any job: what logs to the end must not lose its token on the way. */
const tokenSeconds = 7 * 24 * 3600;

/** Environment variables of a job's process: those of the job, Azure ML's own, and what MLflow and TLS clients read. */
export function jobEnvironment(
  core: Core,
  job: CommandJob,
  experimentId: string,
  python: PythonEnvironment,
  bindings: Bindings,
): Record<string, string> {
  const parts = job.workspace.split('/');
  const base = cleanEnvironment();
  const root = new TrackingStore(core, job.workspace).run(job.name)?.tags['mlflow.rootRunId'] ?? job.name;
  return {
    ...base,
    PATH: `${python.bin}:${base['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'}`,
    VIRTUAL_ENV: python.folder,
    PYTHONUNBUFFERED: '1',
    ...prefixed('AZURE_ML_INPUT_', bindings.inputs),
    ...prefixed('AZURE_ML_OUTPUT_', bindings.outputs),
    AZUREML_RUN_ID: job.name,
    AZUREML_ROOT_RUN_ID: root,
    AZUREML_EXPERIMENT_ID: experimentId,
    AZUREML_ARM_SUBSCRIPTION: parts[2] ?? '',
    AZUREML_ARM_RESOURCEGROUP: parts[4] ?? '',
    AZUREML_ARM_WORKSPACE_NAME: parts[8] ?? '',
    AZUREML_ARM_PROJECT_NAME: job.experimentName,
    AZUREML_SERVICE_ENDPOINT: core.url,
    AZUREML_WORKSPACE_SCOPE: job.workspace,
    AZUREML_EXPERIMENT_SCOPE: `${job.workspace}/experiments/${job.experimentName}`,
    MLFLOW_TRACKING_URI: `azureml://${new URL(core.url).host}/mlflow/v1.0${job.workspace}`,
    MLFLOW_TRACKING_TOKEN: jobToken(core),
    MLFLOW_RUN_ID: job.name,
    MLFLOW_EXPERIMENT_ID: experimentId,
    MLFLOW_EXPERIMENT_NAME: job.experimentName,
    MLFLOW_HTTP_REQUEST_MAX_RETRIES: '3',
    MLFLOW_DISABLE_TELEMETRY: 'true',
    ...cloudEnvironment(core),
    ...job.environmentVariables,
  };
}

function prefixed(prefix: string, values: Record<string, string>): Record<string, string> {
  const all: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) all[prefix + name] = value;
  return all;
}

/** How a Python client finds this cloud and trusts its certificate. */
export function cloudEnvironment(core: Core): Record<string, string> {
  return {
    AZUREML_CURRENT_CLOUD: 'Local',
    ARM_CLOUD_METADATA_URL: `${core.url}/metadata/endpoints?api-version=2019-05-01`,
    REQUESTS_CA_BUNDLE: core.caBundleFile,
    SSL_CERT_FILE: core.caBundleFile,
  };
}

/** A job acts as its workspace, whatever identity submitted it. */
function jobToken(core: Core): string {
  return core.mintToken({
    ...core.workspaceIdentity,
    audience: 'https://management.azure.com',
    lifetimeSeconds: tokenSeconds,
  });
}
