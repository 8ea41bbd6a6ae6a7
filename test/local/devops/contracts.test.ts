import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';

import { locations, type Location } from '../../../local/devops/locations';
import { anything, check, isObject, list, map, number, shape, text } from '../../../local/devops/shape';
import type { LocalDevOps } from '../../../local/devops';
import { call, newRun, stage, start, temporaryFolder, user, values } from './support';

const contracts = join(__dirname, '..', '..', '..', '..', 'shared', 'contracts');
const present = existsSync(contracts);
const absent = 'the published contracts are not on this machine';

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
}

/** Areas of the service's identity host, which the recorded list (of the other host) does not hold. */
const identityAreas = ['IMS', 'Graph'];

(present ? describe : describe.skip)(`the REST locations${present ? '' : ` (${absent})`}`, () => {
  it('are those that the service itself lists, with its ids, routes and versions', () => {
    const entry = shape({
      id: text,
      area: text,
      resourceName: text,
      routeTemplate: text,
      resourceVersion: number,
      minVersion: text,
      maxVersion: text,
      releasedVersion: text,
    });
    const file = join(contracts, 'recordings', 'ado-cli', 'OPTIONS_apis_locations.json');
    const recorded = new Map(check(shape({ value: list(entry) }), readJson(file)).value.map((one) => [one.id, one]));
    const all: Location[] = Object.values(locations);
    for (const location of all.filter((one) => !identityAreas.includes(one.area)))
      assert.deepEqual(location, recorded.get(location.id));
  });
});

(present ? describe : describe.skip)(
  `answers against the published definitions${present ? '' : ` (${absent})`}`,
  () => {
    let devops: LocalDevOps;
    let run: number;
    let approval: string;
    let environment: number;
    let suite: string;

    before(async () => {
      const folder = temporaryFolder();
      devops = await start({
        seed: {
          variableGroups: [{ name: 'group', variables: { a: { value: '1' }, b: { value: '2', isSecret: true } } }],
          environments: [{ name: 'production', approval: { approvers: ['Model approvers'], instructions: 'look' } }],
        },
      });
      const { server } = devops;
      const { id } = await newRun(devops);
      run = id;
      await server.updateRun(id, { state: 'inProgress', startTime: new Date().toISOString() });
      const production = stage('Production', {
        state: 'inProgress',
        startTime: new Date().toISOString(),
        issues: [{ type: 'warning', message: 'w' }],
      });
      const job = randomUUID();
      await server.updateTimeline(id, [
        production,
        {
          id: job,
          parentId: production.id,
          type: 'Task',
          name: 't',
          task: { id: randomUUID(), name: 'T', version: '1.0.0' },
        },
      ]);
      await server.appendLog(id, job, ['line']);
      mkdirSync(join(folder, 'drop'));
      writeFileSync(join(folder, 'drop', 'a'), 'a');
      await server.uploadArtifact(id, 'drop', job, join(folder, 'drop'));
      await server.addAttachment(id, job, 'type', 'name', join(folder, 'drop', 'a'));
      ({ id: environment } = await server.environment('production'));
      const times = {
        queueTime: '2026-01-01T00:00:00Z',
        startTime: '2026-01-01T00:00:01Z',
        finishTime: '2026-01-01T00:00:02Z',
      };
      await server.addDeploymentRecord(environment, {
        runId: id,
        stageName: 'Production',
        jobName: 'd',
        stageAttempt: 1,
        jobAttempt: 1,
        ...times,
        result: 'succeeded',
      });
      const gate = server.waitForChecks(
        {
          runId: id,
          stage: { name: 'Production', recordId: production.id, attempt: 1 },
          environments: [{ id: environment, name: 'production' }],
        },
        new AbortController().signal,
        ([one]) => {
          approval = one?.id ?? '';
        },
      );
      await call(devops, user(devops, 'ben').token, 'PATCH', 'diabetes/_apis/pipelines/approvals?api-version=7.1', [
        { approvalId: approval, status: 'approved', comment: 'c' },
      ]);
      await gate;
      const records = (
        await call(devops, user(devops, 'ana').token, 'GET', `diabetes/_apis/build/builds/${id}/timeline`)
      ).body['records'];
      suite = String((records as { id: string; type: string }[]).find((one) => one.type === 'Checkpoint')?.id);
      await server.updateRun(id, { state: 'completed', result: 'succeeded' });
      await call(devops, user(devops, 'ana').token, 'POST', 'diabetes/_apis/build/retention/leases?api-version=7.1', [
        { daysValid: 2, definitionId: 1, ownerId: 'o', protectPipeline: true, runId: id },
      ]);
    });
    after(() => devops.stop());

    /** The service sends null for what is absent; OpenAPI 2 has no word for that, so null is left out before the check. */
    function withoutNull(value: unknown): unknown {
      if (Array.isArray(value)) return value.map(withoutNull);
      if (!isObject(value)) return value;
      return Object.fromEntries(
        Object.entries(value)
          .filter(([, one]) => one !== null)
          .map(([key, one]) => [key, withoutNull(one)]),
      );
    }

    const cases: [file: string, definition: string, path: () => string, isList: boolean][] = [
      ['build/7.1/build.json', 'Build', () => `build/builds/${run}`, false],
      ['build/7.1/build.json', 'Build', () => 'build/builds', true],
      ['build/7.1/build.json', 'Timeline', () => `build/builds/${run}/timeline`, false],
      ['build/7.1/build.json', 'BuildLog', () => `build/builds/${run}/logs`, true],
      ['build/7.1/build.json', 'BuildArtifact', () => `build/builds/${run}/artifacts`, true],
      ['build/7.1/build.json', 'Attachment', () => `build/builds/${run}/attachments/type`, true],
      ['build/7.1/build.json', 'RetentionLease', () => `build/builds/${run}/leases`, true],
      ['build/7.1/build.json', 'BuildDefinition', () => 'build/definitions/1', false],
      ['build/7.1/build.json', 'Folder', () => 'build/folders?api-version=7.1-preview.2', true],
      ['pipelines/7.1/pipelines.json', 'Run', () => `pipelines/1/runs/${run}`, false],
      ['pipelines/7.1/pipelines.json', 'Pipeline', () => 'pipelines/1', false],
      ['environments/7.2/environments.json', 'EnvironmentInstance', () => 'pipelines/environments', true],
      [
        'environments/7.2/environments.json',
        'EnvironmentDeploymentExecutionRecord',
        () => `pipelines/environments/${environment}/environmentdeploymentrecords`,
        true,
      ],
      [
        'approvalsAndChecks/7.1/pipelinesapproval.json',
        'Approval',
        () => `pipelines/approvals/${approval}?$expand=steps`,
        false,
      ],
      [
        'approvalsAndChecks/7.1/pipelinesChecks.json',
        'CheckConfiguration',
        () => `pipelines/checks/configurations?resourceType=environment&resourceId=${environment}&$expand=settings`,
        true,
      ],
      ['approvalsAndChecks/7.1/pipelinesChecks.json', 'CheckSuite', () => `pipelines/checks/runs/${suite}`, false],
      ['distributedTask/7.1/taskAgent.json', 'VariableGroup', () => 'distributedtask/variablegroups', true],
    ];
    for (const [file, definition, path, isList] of cases) {
      it(`${definition}${isList ? ' list' : ''}`, async () => {
        const { definitions } = check(
          shape({ definitions: map(anything) }),
          readJson(join(contracts, 'azure-devops', 'specification', file)),
        );
        const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
        addFormats(ajv);
        const validate = ajv.compile({ definitions, $ref: `#/definitions/${definition}` });
        const reply = await call(devops, user(devops, 'ana').token, 'GET', `diabetes/_apis/${path()}`);
        const found = isList ? values(reply) : [reply.body];
        // .NET's `object`, which a string is too; the generator wrote JSON's.
        if (definition === 'Run') for (const one of found) delete one['templateParameters'];
        assert.ok(found.length > 0);
        for (const one of found) assert.ok(validate(withoutNull(one)), JSON.stringify(validate.errors, null, 1));
      });
    }
  },
);
