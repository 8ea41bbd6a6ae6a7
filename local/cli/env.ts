import type { Command } from './command';
import { userNamed } from './devops-client';
import { Failure } from './errors';
import { stateFolder } from './paths';
import { findRunning, type Running } from './running';

export const env: Command = {
  name: 'env',
  summary: 'Print the variables that let other programs use the running services',
  usage: '',
  positionals: 0,
  options: { as: { type: 'string' }, state: { type: 'string' }, json: { type: 'boolean' } },
  help: {
    'as USER': 'whose Azure DevOps token (default: ana)',
    'state DIR': 'folder of the state (default: .mlops)',
    json: 'print them as a JSON object',
  },
  run(args, output) {
    const running = findRunning(stateFolder(args.value('state')));
    if (!running) throw new Failure('Nothing is running here. Start the services with `mlops up`.');
    const variables = environmentOf(running, args.value('as') ?? 'ana');
    if (output.json) output.document(variables);
    else output.raw(exports(variables));
    return Promise.resolve(0);
  },
};

export function environmentOf({ azure, devops, hub }: Running, user: string): Record<string, string> {
  return {
    ...azure.environment,
    AZURE_DEVOPS_ORG_URL: devops.url,
    AZURE_DEVOPS_PROJECT: devops.project,
    AZURE_DEVOPS_EXT_PAT: userNamed(devops, user).token,
    MLOPS_HUB_URL: hub.url,
  };
}

/** `export` lines for a POSIX shell. Every value is quoted, so that none can be read as code. */
export function exports(variables: Record<string, string>): string {
  return Object.entries(variables)
    .map(([name, value]) => {
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new Error(`'${name}' is not a name of a shell variable.`);
      return `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`;
    })
    .join('');
}
