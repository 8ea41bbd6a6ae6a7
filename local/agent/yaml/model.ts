import type { Position } from './nodes';

/** A text that may hold macros, with its place for errors. */
export interface Text {
  text: string;
  at: Position;
}

export type VariableEntry =
  | { kind: 'value'; name: string; value: string; readOnly: boolean; at: Position }
  | { kind: 'group'; name: string; at: Position };

export interface StepBase {
  /** Reference name; given, else made from the task's name and unique in the job. */
  refName: string;
  displayName: string;
  condition: Text | undefined;
  continueOnError: boolean;
  enabled: boolean;
  env: Record<string, string>;
  timeoutMinutes: number;
  retries: number;
  restrictions: { restricted: boolean; settable: string[] | undefined } | undefined;
  at: Position;
}

export type StepPlan = StepBase &
  (
    | { kind: 'task'; task: string; major: number; inputs: Record<string, string>; inputsAt: Record<string, Position> }
    | { kind: 'script' | 'bash'; script: string; workingDirectory: string; failOnStderr: boolean }
    | { kind: 'checkout'; repository: 'self' | 'none' }
    | { kind: 'publish'; path: string; artifact: string }
    | { kind: 'download'; source: 'current' | 'none'; artifact: string | undefined; path: string | undefined }
  );

export interface EnvironmentReference {
  name: string;
  at: Position;
}

export type HookName = 'preDeploy' | 'deploy' | 'routeTraffic' | 'postRouteTraffic' | 'onSuccess' | 'onFailure';

export interface JobPlan {
  name: string;
  displayName: string;
  dependsOn: Text[];
  condition: Text | undefined;
  continueOnError: boolean;
  /** 0 is without limit. */
  timeoutMinutes: number;
  cancelTimeoutMinutes: number;
  variables: VariableEntry[];
  /** One set of variables for each leg; a job without matrix has none. */
  matrix: { name: string; variables: Record<string, string> }[] | undefined;
  maxParallel: number;
  /** Steps of a job; hooks of a deployment. */
  body:
    | { kind: 'job'; steps: StepPlan[] }
    | { kind: 'deployment'; environment: EnvironmentReference; hooks: { name: HookName; steps: StepPlan[] }[] };
  at: Position;
}

export interface StagePlan {
  name: string;
  displayName: string;
  dependsOn: Text[];
  condition: Text | undefined;
  variables: VariableEntry[];
  jobs: JobPlan[];
  at: Position;
}

export interface PipelinePlan {
  /** Format of the run's number; undefined leaves it to the server. */
  name: Text | undefined;
  variables: VariableEntry[];
  stages: StagePlan[];
  /** Things the file says that have no meaning on one machine; told once in the log. */
  notes: string[];
  parameters: Record<string, unknown>;
}
