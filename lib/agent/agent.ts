/**
 * The pipeline agent as a task sees it. Tasks take an `Agent`; `pipeline-agent.ts` is the real one, tests pass a fake.
 * Rules: microsoft/azure-pipelines-agent (Handler.cs, TaskCommandExtension.cs) and azure-pipelines-task-lib.
 */
export interface Agent {
  /** Input of task.json by name; `undefined` when empty. Already trimmed and macro-expanded by the agent. */
  input(name: string): string | undefined;
  /** Like `input`, but throws `TaskError` that names the input when it is empty. */
  requiredInput(name: string): string;
  /** `true`/`false` (any case); throws `TaskError` for anything else. Empty is `false`. */
  booleanInput(name: string): boolean;
  /** A `filePath` input as an absolute path; `undefined` when the user gave none (the agent then passes the repository). */
  pathInput(name: string): string | undefined;
  /** A pipeline variable by its dotted name, for example `Build.BuildId`. */
  variable(name: string): string | undefined;

  /** Prints text, one agent line a text line; neutralised (`##vso[`, `##[`, CR) and redacted. Never interprets commands. */
  print(text: string): void;
  /** A warning issue on the step; neutralised and redacted. */
  warn(text: string): void;
  /** An error issue on the step; does not set the result. */
  error(text: string): void;
  /** Progress of the step, 0–100, with what is being done or waited for. */
  progress(percent: number, text: string): void;

  /** Sets an output variable that task.json declares. Values are neutralised; a value with a registered secret is refused. */
  output(name: string, value: string): void;
  /** Masks a value and its derived forms (base64, URI, JSON) here and in the agent, before it is first used. */
  secret(value: string): void;
  /** Writes `content` to a file of the agent's temporary folder and attaches it to the step. Returns the file's path. */
  attach(type: string, name: string, content: string): string;
  /** Shows markdown in the run's summary. */
  summary(name: string, markdown: string): void;
  /** Publishes a JUnit file as a test run. */
  publishTests(junitFile: string, title: string): void;
  /** Adds a tag to the run. */
  tag(tag: string): void;

  /** Folder for files of this step (Agent.TempDirectory). */
  readonly temporaryFolder: string;
  /** Aborted when the agent cancels the step (SIGINT, SIGTERM). */
  readonly cancelled: AbortSignal;
}

/** How a step ends. `failed` carries its message to the run's summary. */
export type Outcome =
  | { result: 'succeeded'; message?: string }
  | { result: 'succeededWithIssues'; message: string }
  | { result: 'failed'; message: string };
