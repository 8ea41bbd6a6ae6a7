import type { StepBase, StepPlan } from './model';
import type { MapNode, Position, YamlNode } from './nodes';
import { MapReader, type Problems } from './reader';

const referenceName = /^[A-Za-z_]\w*$/;

const refusedSteps: Record<string, string> = {
  powershell: 'Windows PowerShell is not there; use bash or script.',
  pwsh: 'PowerShell is not run; use bash or script.',
  downloadBuild: 'other pipelines have no runs here; use download: current.',
  getPackage: 'there are no package feeds.',
  upload: 'use publish.',
  reviewApp: 'environments have no resources.',
};

/** Reads the steps of one job or hook; gives every step a name of its own. */
export function readSteps(node: YamlNode, problems: Problems): StepPlan[] {
  if (node.kind !== 'list') {
    problems.add(node.at, 'steps must be a list.');
    return [];
  }
  const names = new Names(problems);
  return node.items.flatMap((item) => {
    if (item.kind !== 'map') {
      problems.add(item.at, 'A step must be a mapping.');
      return [];
    }
    const step = readStep(item, problems, names);
    return step ? [step] : [];
  });
}

/** A step's given name must be unique; made-up ones are the task's name, counted from the second on. */
class Names {
  private readonly used = new Set<string>();

  constructor(private readonly problems: Problems) {}

  given(name: string, at: Position): string {
    if (!referenceName.test(name))
      this.problems.add(at, `The step name '${name}' is not valid: letters, digits and underscores only.`);
    if (this.used.has(name.toLowerCase()))
      this.problems.add(at, `The step name '${name}' appears more than once in this job.`);
    this.used.add(name.toLowerCase());
    return name;
  }

  made(base: string): string {
    let name = base;
    for (let count = 1; this.used.has(name.toLowerCase()); count++) name = `${base}${count}`;
    this.used.add(name.toLowerCase());
    return name;
  }
}

function readStep(node: MapNode, problems: Problems, names: Names): StepPlan | undefined {
  const reader = new MapReader(node, 'a step', problems);
  const kind = ['task', 'script', 'bash', 'checkout', 'publish', 'download'].find((name) => reader.has(name));
  if (kind === undefined) {
    const refused = Object.keys(refusedSteps).find((name) => reader.has(name));
    if (refused !== undefined) reader.refused({ [refused]: refusedSteps[refused] ?? '' });
    else problems.add(node.at, 'A step is one of task, script, bash, checkout, publish, download or template.');
    return undefined;
  }
  const step = readKind(kind, reader, problems, names);
  reader.done();
  return step;
}

function readKind(kind: string, reader: MapReader, problems: Problems, names: Names): StepPlan | undefined {
  switch (kind) {
    case 'task':
      return readTask(reader, problems, names);
    case 'script':
    case 'bash':
      return readScript(kind, reader, problems, names);
    case 'checkout':
      return readCheckout(reader, problems, names);
    case 'publish':
      return readPublish(reader, problems, names);
    default:
      return readDownload(reader, problems, names);
  }
}

function readTask(reader: MapReader, problems: Problems, names: Names): StepPlan | undefined {
  const task = reader.text('task');
  if (!task) return undefined;
  const match = /^([^@\s]+)@(\d+)$/.exec(task.text.trim());
  if (!match) {
    problems.add(task.at, `'${task.text}' is not a task reference of the form Name@major.`);
    return undefined;
  }
  const [, name = '', major = ''] = match;
  const inputsAt = reader.positions('inputs');
  const inputs = reader.texts('inputs');
  return {
    ...base(reader, problems, names, name, name),
    kind: 'task',
    task: name,
    major: Number(major),
    inputs,
    inputsAt,
  };
}

function readScript(kind: 'script' | 'bash', reader: MapReader, problems: Problems, names: Names): StepPlan {
  const script = reader.string(kind);
  const workingDirectory = reader.string('workingDirectory');
  const failOnStderr = reader.boolean('failOnStderr', false);
  const [name, shown] = kind === 'script' ? ['CmdLine', 'CmdLine'] : ['Bash', 'Bash'];
  return { ...base(reader, problems, names, name, shown), kind, script, workingDirectory, failOnStderr };
}

function readCheckout(reader: MapReader, problems: Problems, names: Names): StepPlan | undefined {
  const repository = reader.text('checkout');
  reader.harmless({
    clean: 'is always so: every job starts with an empty folder.',
    fetchDepth: 'has no effect: files are copied, history is not.',
    fetchTags: 'has no effect: files are copied, history is not.',
    fetchFilter: 'has no effect: files are copied, history is not.',
    lfs: 'has no effect: files are copied as they are.',
    submodules: 'has no effect: files are copied as they are.',
    persistCredentials: 'has no effect: there are no credentials.',
    workspaceRepo: 'has no effect: there is one repository.',
  });
  reader.refused({
    path: 'the repository is always at Build.SourcesDirectory.',
    sparseCheckoutDirectories: 'all files are copied.',
    sparseCheckoutPatterns: 'all files are copied.',
  });
  if (repository?.text !== 'self' && repository?.text !== 'none') {
    problems.add(
      repository?.at ?? reader.at,
      `'checkout: ${repository?.text ?? ''}' is not supported; self and none are.`,
    );
    return undefined;
  }
  const shown = repository.text === 'self' ? 'Checkout' : 'Checkout (none)';
  return {
    ...base(reader, problems, names, '__system_checkout', shown),
    kind: 'checkout',
    repository: repository.text,
  };
}

function readPublish(reader: MapReader, problems: Problems, names: Names): StepPlan {
  const path = reader.string('publish');
  const artifact = reader.string('artifact');
  reader.refused({ properties: 'artifacts have no properties.' });
  return {
    ...base(reader, problems, names, 'PublishPipelineArtifact', 'PublishPipelineArtifact'),
    kind: 'publish',
    path,
    artifact,
  };
}

function readDownload(reader: MapReader, problems: Problems, names: Names): StepPlan | undefined {
  const source = reader.text('download');
  const artifact = reader.text('artifact')?.text;
  const path = reader.text('path')?.text;
  reader.refused({ patterns: 'whole artifacts are downloaded.', tags: 'other runs are not looked at.' });
  if (source?.text !== 'current' && source?.text !== 'none') {
    problems.add(source?.at ?? reader.at, `'download: ${source?.text ?? ''}' is not supported; current and none are.`);
    return undefined;
  }
  return {
    ...base(reader, problems, names, 'DownloadPipelineArtifact', 'DownloadPipelineArtifact'),
    kind: 'download',
    source: source.text,
    artifact,
    path,
  };
}

function base(reader: MapReader, problems: Problems, names: Names, made: string, shown: string): StepBase {
  const name = reader.text('name');
  const displayName = reader.string('displayName', shown);
  const base: StepBase = {
    refName: name && name.text !== '' ? names.given(name.text, name.at) : names.made(made),
    displayName: displayName === '' ? shown : displayName,
    condition: nonEmpty(reader.text('condition')),
    continueOnError: reader.boolean('continueOnError', false),
    enabled: reader.boolean('enabled', true),
    env: reader.texts('env'),
    timeoutMinutes: reader.number('timeoutInMinutes', 0),
    retries: reader.number('retryCountOnTaskFailure', 0),
    restrictions: readTarget(reader.take('target'), problems),
    at: reader.at,
  };
  return base;
}

export function nonEmpty<T extends { text: string }>(text: T | undefined): T | undefined {
  return text && text.text.trim() !== '' ? text : undefined;
}

/** `target` restricts a step's commands; a container is refused. */
function readTarget(node: YamlNode | undefined, problems: Problems): StepBase['restrictions'] {
  if (node === undefined) return undefined;
  if (node.kind === 'scalar') {
    if (node.text !== 'host')
      problems.add(node.at, `target '${node.text}': containers are not supported on one machine.`);
    return undefined;
  }
  if (node.kind !== 'map') {
    problems.add(node.at, 'target must be a text or a mapping.');
    return undefined;
  }
  const reader = new MapReader(node, 'a target', problems);
  const container = reader.text('container');
  if (container && container.text !== 'host')
    problems.add(container.at, 'containers are not supported on one machine.');
  const commands = reader.string('commands', 'any');
  if (!['any', 'restricted'].includes(commands))
    problems.add(reader.keyAt('commands'), 'commands is any or restricted.');
  const none = reader.has('settableVariables') && reader.take('settableVariables')?.kind === 'scalar';
  const settable = reader.textOrList('settableVariables')?.map(({ text }) => text);
  reader.done();
  return { restricted: commands === 'restricted', settable: none && settable?.[0] === 'none' ? [] : settable };
}
