// Runs inside a network namespace of its own (see identity.test.ts): the real metadata address belongs to its loopback here.
import { ManagedIdentityCredential } from '@azure/identity';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { stage } from './client';

const address = '169.254.169.254';

async function main(): Promise<void> {
  // A namespace of its own holds the loopback interface and nothing else.
  const others = readdirSync('/sys/class/net').filter((name) => name !== 'lo');
  const shared = spawnSync('ip', ['-o', 'link'], { encoding: 'utf8' }).stdout.trim().split('\n');
  if (shared.length !== 1) throw new Error(`This is no network namespace of its own: ${others.join(', ')}`);
  for (const args of [
    ['link', 'set', 'lo', 'up'],
    ['addr', 'add', `${address}/32`, 'dev', 'lo'],
  ]) {
    const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
  }
  const on = await stage({ imdsHost: address });
  try {
    const { token } = await new ManagedIdentityCredential().getToken('https://management.azure.com/.default');
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
      string,
      unknown
    >;
    process.stdout.write(String(claims['aud']));
  } finally {
    await on.end();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(String(error));
  process.exitCode = 1;
});
