/**
 * What to do about the failures of deployments that Azure ML knows by name (its guide "Troubleshoot online endpoints").
 * The most telling come first: one failure often carries several of them.
 */
const known: readonly (readonly [RegExp, string])[] = [
  [
    /Not enough quota|OutOfQuota/i,
    'Ask for more quota of this VM family in the region, take a smaller instance_type, or fewer instances; the service keeps 20 % in reserve for updates.',
  ],
  [
    /UserScriptImportError|UserScriptImportException|ModuleNotFoundError|No module named/i,
    "The scoring script imports something that the environment lacks: add it to the environment's packages.",
  ],
  [/UserScriptFunctionNotFound/i, 'The scoring script needs the functions init() and run(data).'],
  [
    /UserScriptInitFailed|User's init function failed/i,
    'init() of the scoring script failed: the traceback in the log above says where. The model lies below the folder in AZUREML_MODEL_DIR.',
  ],
  [
    /Liveness probe failed|Readiness probe failed/i,
    'The container did not answer in time: give it a longer initial_delay, or a larger instance; the log above shows what it did.',
  ],
  [
    /ImageBuildFailure|image build/i,
    "The environment's image could not be built: check its conda file; an image built by PackageModel needs no build at deployment.",
  ],
  [
    /ImagePullLoopBackOff|ACRAuthenticationChallengeFailed|ACRTokenExchangeFailed|ACRSecretError/i,
    "The image could not be pulled: give the endpoint's identity the role AcrPull on the registry.",
  ],
  [/PodOutOfMemory|OOMKilled/i, 'The container needs more memory: take a larger instance.'],
  [/PodUnschedulable/i, 'No node has room for the container: add nodes or lower its requests.'],
  [/NamespaceNotFound/i, 'Create the namespace of the Kubernetes compute.'],
  [/KubernetesUnaccessible|TokenRefreshFailed|GetAADTokenFailed/i, 'The cluster cannot be reached by Azure ML: check the extension of the cluster and its identity.'],
  [/KubernetesCrashLoopBackOff|DeploymentCrashLoopBackOff/i, 'The container crashes again and again: its log above says why.'],
  [/WorkspaceManagedNetworkNotReady/i, "Provision the workspace's managed network first."],
  [/SecretsInjectionError/i, "The endpoint's identity may not read the connections that the deployment names."],
  [/EndpointAlreadyExists|already an endpoint with this name/i, 'Names of endpoints are unique in a region: choose another one.'],
  [/ScoringFeUnhealthy|ValidateScoringFailed/i, 'The scoring front end of the cluster is not healthy: check the Azure ML extension.'],
  [/OperationCanceled/i, 'Another operation took its place: run the step again in a minute.'],
  [
    /AuthorizationFailed|authorization/i,
    "Check the rights of the endpoint's identity: AcrPull on the registry and Storage Blob Data Reader on the workspace's storage account.",
  ],
  [/ResourceNotReady/i, 'The container did not become healthy: its log above says why.'],
  [/InternalServerError/i, 'The service failed: run the step again; if it happens again, ask Azure support with the correlation id above.'],
]; // prettier-ignore

/**
 * @param codes codes of the error, its own first
 * @param text the error's message and the containers' logs
 * @returns `undefined` for a failure without a name
 */
export function adviceFor(codes: readonly string[], text: string): string | undefined {
  const all = `${codes.join('\n')}\n${text}`;
  return known.find(([pattern]) => pattern.test(all))?.[1];
}
