import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { locations, type Location } from '../../../local/devops/locations';
import { Router, type Method } from '../../../local/devops/router';
import { covers, demandScope, scopesFor } from '../../../local/devops/scopes';
import { anything, check, list, map, optional, shape, text } from '../../../local/devops/shape';

const folder = join(__dirname, '..', '..', '..', '..', 'shared', 'contracts', 'azure-devops', 'specification');
const present = existsSync(folder);

const operationShape = shape({ security: optional(list(shape({ oauth2: list(text) }))) });
const all: Location[] = Object.values(locations);
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

describe('scopes', () => {
  const absent = present ? '' : ' (the published contracts are not on this machine)';
  (present ? it : it.skip)(`are those of the published description, operation by operation${absent}`, () => {
    const router = new Router(all.map((location) => ({ location, method: 'GET' as const })));
    const compared: string[] = [];
    for (const file of [
      'build/7.1/build.json',
      'pipelines/7.1/pipelines.json',
      'environments/7.2/environments.json',
      'distributedTask/7.1/taskAgent.json',
      'approvalsAndChecks/7.1/pipelinesapproval.json',
      'approvalsAndChecks/7.1/pipelinesChecks.json',
      'approvalsAndChecks/7.1/pipelinePermissions.json',
    ]) {
      const json: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8').replace(/^\uFEFF/, ''));
      const { paths } = check(shape({ paths: map(map(anything)) }), json);
      for (const [path, operations] of Object.entries(paths)) {
        const parts = path
          .split('/')
          .slice(2)
          .map((part) => (part.startsWith('{') ? '7' : part));
        const [match] = router.find(parts);
        if (!match) continue;
        for (const method of methods) {
          const operation = operations[method.toLowerCase()];
          if (operation === undefined) continue;
          const wanted = check(operationShape, operation).security?.flatMap((one) => one.oauth2) ?? [];
          assert.deepEqual(
            [...(scopesFor(match.route.location, method) ?? ['none of them'])].sort(),
            wanted.sort(),
            `${method} ${path}`,
          );
          compared.push(`${method} ${path}`);
        }
      }
    }
    assert.ok(compared.length > 60, `${compared.length} operations`);
  });

  it('are known for every location but the one of jobs', () => {
    const closed = all.filter((location) => methods.every((method) => scopesFor(location, method) === undefined));
    assert.deepEqual(
      closed.map((location) => location.resourceName),
      ['oidctoken'],
    );
  });

  it('include the smaller ones', () => {
    assert.ok(covers(['vso.build_execute'], ['vso.build']));
    assert.ok(!covers(['vso.build'], ['vso.build_execute']));
    assert.ok(covers([], []));
    assert.ok(!covers([], ['vso.project']));
  });

  it('keep an operation closed that nobody has listed', () => {
    const unknown = { ...locations.builds, area: 'new', resourceName: 'thing' };
    assert.throws(() => demandScope(['vso.build_execute'], unknown, 'GET', 'Ana'), /TF400813/);
    assert.throws(() => demandScope(['vso.build_execute'], locations.oidcToken, 'POST', 'Ana'), /TF400813/);
  });

  it('let the manifest’s three read runs and environments and decide approvals, and nothing else', () => {
    const granted = ['vso.build', 'vso.pipelineresources_use', 'vso.project'];
    const open = (location: Location, method: Method): boolean => covers(granted, scopesFor(location, method) ?? ['x']);
    assert.ok(open(locations.builds, 'GET') && open(locations.attachment, 'GET') && open(locations.approvals, 'PATCH'));
    assert.ok(open(locations.environments, 'GET') && open(locations.allTeams, 'GET'));
    assert.ok(!open(locations.oldEnvironments, 'GET') && !open(locations.buildTags, 'POST'));
    assert.ok(!open(locations.checkConfigurations, 'POST') && !open(locations.identities, 'GET'));
    assert.ok(!open(locations.variableGroups, 'GET') && !open(locations.endpoints, 'GET'));
  });
});
