import assert from 'node:assert/strict';
import path from 'node:path';
import { namespaceProblem, requireProgram, runBesideAzure, skip, type NamespaceOptions } from '../../support/clients';
import { valueAt } from '../../support/ml-workspace';

/** Runs a script of this folder; gives what follows each of its lines `== NAME`. */
function run(script: string, args: string[], options: NamespaceOptions): Map<string, string> {
  const environment = { NODE: process.execPath };
  const output = runBesideAzure(['sh', path.join(__dirname, script), ...args], { ...options, environment });
  assert.equal(output.status, 0, `${output.stdout}\n${output.stderr}`);
  const parts = output.stdout.split(/^== (\w+)\n/m).slice(1);
  return new Map(parts.flatMap((name, index) => (index % 2 === 0 ? [[name, parts[index + 1] ?? '']] : [])));
}

function json(answers: Map<string, string>, name: string): unknown {
  return JSON.parse(answers.get(name) ?? '');
}

describe('azure-cli, unchanged, on the local Azure', function () {
  this.timeout(180_000);

  before(function () {
    requireProgram(this, 'az');
    const problem = namespaceProblem();
    if (problem !== undefined) skip(this, problem);
  });

  it('registers the cloud, logs in with an identity and with a service principal, and reads the workspace', () => {
    const answers = run('azure-cli-login.sh', [], {});
    const identity = json(answers, 'identity');
    assert.equal(valueAt(identity, '0/environmentName'), 'Registered');
    assert.equal(valueAt(identity, '0/user/assignedIdentityInfo'), 'MSI');
    const workspace = json(answers, 'rest');
    assert.equal(valueAt(workspace, 'name'), 'mlw-mlops');
    assert.equal(valueAt(workspace, 'properties/provisioningState'), 'Succeeded');
    const principal = json(answers, 'principal');
    assert.equal(valueAt(principal, '0/cloudName'), 'Local');
    assert.equal(valueAt(principal, '0/user/type'), 'servicePrincipal');
    assert.equal(valueAt(principal, '0/user/name'), '55555555-5555-4555-8555-555555555555');
  });

  it('builds an image with ACR Tasks and runs it as a container instance', () => {
    const image = path.join(__dirname, 'hello-image');
    const answers = run('azure-cli-image.sh', [image], { network: true, port: 443 });
    assert.match(
      answers.get('build') ?? '',
      /Step 6\/6 : CMD .*\n[^]*digest: sha256:[0-9a-f]{64}[^]*Run ID: ch1 was successful/,
    );
    const group = json(answers, 'show');
    assert.equal(valueAt(group, 'provisioningState'), 'Succeeded');
    assert.equal(valueAt(group, 'containers/0/image'), 'localhost/hello:1');
    assert.equal(valueAt(group, 'containers/0/instanceView/currentState/state'), 'Running');
    assert.equal(valueAt(group, 'ipAddress/ports/0/port'), 8080);
    assert.equal(answers.get('logs')?.trim(), 'hello from the image');
    assert.equal(answers.get('answer')?.trim(), 'hello from the image');
  });
});
