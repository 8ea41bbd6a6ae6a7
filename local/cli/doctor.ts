import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { tmpdir } from 'node:os';

import { makeFolder } from '../devops/files';
import type { Command } from './command';
import { Failure } from './errors';
import { packageRoot, stateFolder, tasksFolder } from './paths';
import { findRunning } from './running';

interface Finding {
  what: string;
  state: 'ok' | 'missing' | 'optional';
  found: string;
  /** How to get what is missing. */
  advice?: string;
}

/** Python packages, environments and images of a few demos. */
const neededBytes = 3 * 1024 ** 3;

export const doctor: Command = {
  name: 'doctor',
  summary: 'Say what this machine lacks, and how to get it',
  usage: '',
  positionals: 0,
  options: { state: { type: 'string' }, json: { type: 'boolean' } },
  help: { 'state DIR': 'folder of the state (default: .mlops)', json: 'print the findings as JSON' },
  async run(args, output) {
    const stateDir = stateFolder(args.value('state'));
    const findings = [
      node(),
      npm(),
      python(),
      packages(),
      tasks(),
      disk(stateDir),
      await ports(stateDir),
      ...optionalTools(),
    ];
    const lacking = findings.filter((one) => one.state === 'missing');
    if (output.json) output.document({ ready: lacking.length === 0, findings });
    const signs = { ok: '✔', missing: '✘', optional: '–' };
    for (const one of findings) {
      output.line(`${signs[one.state]} ${one.what.padEnd(10)} ${one.found}`);
      if (one.advice !== undefined && one.state !== 'ok') output.line(`             ${one.advice}`);
    }
    output.line(
      lacking.length === 0
        ? 'This machine is ready: mlops demo'
        : `${lacking.length} thing${lacking.length === 1 ? ' is' : 's are'} missing.`,
    );
    return lacking.length === 0 ? 0 : 1;
  },
};

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > 20 || (major === 20 && minor >= 20);
  return {
    what: 'Node.js',
    state: enough ? 'ok' : 'missing',
    found: process.versions.node,
    advice: 'Node.js 20.20 or newer: https://nodejs.org',
  };
}

function npm(): Finding {
  const version = versionOf('npm', ['--version']);
  return {
    what: 'npm',
    state: version === undefined ? 'missing' : 'ok',
    found: version ?? 'not found',
    advice: 'npm comes with Node.js: https://nodejs.org',
  };
}

/** Jobs and deployments run in Python environments, made by uv or by Python's own venv. */
function python(): Finding {
  const uv = versionOf('uv', ['--version']);
  const interpreter = ['python3', 'python'].find((name) => isNewEnough(versionOf(name, ['--version'])));
  const version = interpreter === undefined ? undefined : versionOf(interpreter, ['--version']);
  const venv =
    interpreter !== undefined &&
    spawnSync(interpreter, ['-c', 'import venv, ensurepip'], { stdio: 'ignore' }).status === 0;
  const found = [version ?? 'no Python 3.10 or newer', uv ?? (venv ? 'venv' : 'neither uv nor venv')].join(', ');
  const ok = uv !== undefined || venv;
  return {
    what: 'Python',
    state: ok ? 'ok' : 'missing',
    found,
    advice:
      'Python 3.10 or newer with venv (`apt install python3-venv`, `brew install python`), or uv: https://docs.astral.sh/uv',
  };
}

/** @throws Failure with one sentence when jobs and deployments could not run here. */
export function requirePython(): void {
  const { state, found, advice } = python();
  if (state === 'missing')
    throw new Failure(`Jobs and deployments need Python, and there is ${found}. Install ${advice}.`);
}

function isNewEnough(text: string | undefined): boolean {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(text ?? '') ?? [];
  return Number(major) === 3 && Number(minor) >= 10;
}

function packages(): Finding {
  const there = existsSync(join(packageRoot(), 'node_modules', 'azurite', 'package.json'));
  return {
    what: 'packages',
    state: there ? 'ok' : 'missing',
    found: there ? 'installed' : 'not installed',
    advice: 'Run `npm ci` in the folder of the repository.',
  };
}

function tasks(): Finding {
  const there = existsSync(tasksFolder());
  return {
    what: 'tasks',
    state: there ? 'ok' : 'missing',
    found: there ? 'built' : 'not built',
    advice: 'Run `npm run build`.',
  };
}

function disk(stateDir: string): Finding {
  let folder = stateDir;
  while (!existsSync(folder)) folder = join(folder, '..');
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const found = `${(free / 1024 ** 3).toFixed(1)} GiB free in ${folder}`;
  try {
    makeFolder(stateDir);
    accessSync(stateDir, constants.W_OK);
    accessSync(tmpdir(), constants.W_OK);
  } catch {
    return {
      what: 'disk',
      state: 'missing',
      found: `${stateDir} or ${tmpdir()} cannot be written`,
      advice: 'Choose a folder of your own with --state.',
    };
  }
  return {
    what: 'disk',
    state: free >= neededBytes ? 'ok' : 'missing',
    found,
    advice: 'Free 3 GiB, or choose another disk with --state.',
  };
}

/** Whether the machine lets us listen on loopback. */
async function ports(stateDir: string): Promise<Finding> {
  const running = findRunning(stateDir);
  if (running) return { what: 'ports', state: 'ok', found: `in use by our own services (process ${running.pid})` };
  const failure = await new Promise<string | undefined>((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(error.message));
    server.listen(0, '127.0.0.1', () => server.close(() => resolve(undefined)));
  });
  return {
    what: 'ports',
    state: failure === undefined ? 'ok' : 'missing',
    found: failure ?? 'loopback can be listened on',
    advice: 'A firewall or sandbox forbids listening on 127.0.0.1.',
  };
}

function optionalTools(): Finding[] {
  const tools = [
    { what: 'git', args: ['--version'], advice: 'Without git, runs carry no branch and commit.' },
    { what: 'uv', args: ['--version'], advice: 'uv makes Python environments in seconds: https://docs.astral.sh/uv' },
    { what: 'kubectl', args: ['version', '--client'], advice: 'Only to look at the local Kubernetes yourself.' },
    { what: 'skopeo', args: ['--version'], advice: 'Only to look at the images yourself.' },
    { what: 'az', args: ['version', '--output', 'tsv'], advice: 'Only to use the Azure CLI on the stand-ins.' },
  ];
  return tools.map(({ what, args, advice }) => {
    const version = versionOf(what, args);
    return { what, state: version === undefined ? 'optional' : 'ok', found: version ?? 'not found (optional)', advice };
  });
}

/** First line of what the program says of its version; `undefined` when there is no such program. */
function versionOf(program: string, args: string[]): string | undefined {
  const onPath = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
  if (!onPath) return undefined;
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 });
  return status === 0 ? (`${stdout}${stderr}`.trim().split('\n')[0]?.trim() ?? '') : undefined;
}
