import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzure } from '../../../local/azure';
import { createJudge, judgeServer } from '../../support/judge';
import { at, metadataToken, request, resources, stage, textAt, type Reply, type Stage } from './client';
import {
  archive,
  buildImage,
  containerServices,
  greeting,
  groupPath,
  loginServer,
  ownerToken,
  registryPassword,
  serverFiles,
  tokenUser,
  until,
} from './image-builder';

const version = 'api-version=2023-05-01';

describe('local container instances', function () {
  this.timeout(120_000);
  let on: Stage;
  let token: string;
  let password: string;
  let image: string;
  before(async () => {
    on = await stage({ services: containerServices });
    token = await ownerToken(on.azure);
    password = await registryPassword(on.azure, token);
    const built = await buildImage(on.azure, token, await archive(serverFiles), 'server:1');
    assert.equal(built.status, 'Succeeded', built.log);
    image = built.image;
  });
  after(() => on.end());

  const groupUrl = (name: string): string =>
    `${groupPath(on.azure)}/Microsoft.ContainerInstance/containerGroups/${name}`;
  const ask = (method: string, name: string, body?: unknown): Promise<Reply> => {
    const [path = '', query] = name.split('?');
    return request(on.azure, method, `${groupUrl(path)}?${query === undefined ? '' : `${query}&`}${version}`, {
      token,
      body,
    });
  };
  interface Wish {
    image?: string;
    env?: unknown[];
    command?: string[];
    restartPolicy?: string;
    credentials?: unknown[];
  }
  const definition = (wish: Wish = {}): Record<string, unknown> => ({
    location: 'westeurope',
    properties: {
      osType: 'Linux',
      restartPolicy: wish.restartPolicy ?? 'Always',
      imageRegistryCredentials: wish.credentials ?? [{ server: loginServer(on.azure), username: tokenUser, password }],
      ipAddress: { type: 'Public', dnsNameLabel: 'scorer', ports: [{ protocol: 'TCP', port: 8080 }] },
      containers: [
        {
          name: 'scorer',
          properties: {
            image: wish.image ?? image,
            ports: [{ port: 8080 }],
            environmentVariables: wish.env ?? [],
            resources: { requests: { cpu: 1, memoryInGB: 1 } },
            ...(wish.command === undefined ? {} : { command: wish.command }),
          },
        },
      ],
    },
  });

  async function create(name: string, wish: Wish = {}): Promise<string> {
    const put = await ask('PUT', name, definition(wish));
    assert.equal(put.status, 201, put.text);
    await settled(put);
    return ipOf(name);
  }
  async function settled(reply: Reply): Promise<string[]> {
    const states: string[] = [];
    await until('the end of the operation', async () => {
      const { json } = await request(on.azure, 'GET', String(reply.headers['azure-asyncoperation']), { token });
      const status = textAt(json, 'status');
      if (states.at(-1) !== status) states.push(status);
      return ['Succeeded', 'Failed'].includes(status) ? true : undefined;
    });
    return states;
  }
  const ipOf = async (name: string): Promise<string> =>
    textAt((await ask('GET', name)).json, 'properties', 'ipAddress', 'ip');
  const stateOf = async (name: string): Promise<unknown> =>
    at((await ask('GET', name)).json, 'properties', 'containers', 0, 'properties', 'instanceView', 'currentState');

  it('go from Pending over Creating to Succeeded, and then answer at their own address', async () => {
    const put = await ask(
      'PUT',
      'first',
      definition({
        env: [
          { name: 'GREETING', value: 'hi' },
          { name: 'KEY', secureValue: 'hidden' },
        ],
      }),
    );
    assert.equal(put.status, 201);
    assert.equal(put.headers['retry-after'], '1');
    assert.equal(textAt(put.json, 'properties', 'provisioningState'), 'Pending');
    const states = await settled(put);
    assert.equal(states.at(-1), 'Succeeded');
    assert.ok(states.every((state) => ['Pending', 'Creating', 'Succeeded'].includes(state)));
    const { json, text } = await ask('GET', 'first');
    assert.equal(textAt(json, 'properties', 'instanceView', 'state'), 'Running');
    assert.equal(
      textAt(json, 'properties', 'containers', 0, 'properties', 'instanceView', 'currentState', 'state'),
      'Running',
    );
    const events = at(json, 'properties', 'containers', 0, 'properties', 'instanceView', 'events');
    assert.ok(Array.isArray(events));
    assert.deepEqual(
      events.map((event: unknown) => at(event, 'name')),
      ['Pulling', 'Pulled', 'Started'],
    );
    assert.ok(!text.includes('hidden') && !text.includes(password), 'secrets are not shown');
    const ip = textAt(json, 'properties', 'ipAddress', 'ip');
    const answer = await until('an answer', () => greeting(ip));
    assert.deepEqual([answer.greeting, answer.data], ['hi', 'from the image']);
  });

  it('have the same port each, on addresses of their own', async () => {
    const ip = await create('second', { env: [{ name: 'GREETING', value: 'second' }] });
    const first = await ipOf('first');
    assert.notEqual(ip, first);
    assert.equal((await until('an answer', () => greeting(ip))).greeting, 'second');
    assert.equal((await greeting(first))?.greeting, 'hi');
  });

  it('show what they wrote, whole or its end', async () => {
    const whole = await until('a log', async () => {
      const { json } = await ask('GET', 'first/containers/scorer/logs');
      return textAt(json, 'content') === '' ? undefined : textAt(json, 'content');
    });
    assert.match(whole, /^starting in mode normal\n/);
    const tail = textAt((await ask('GET', 'first/containers/scorer/logs?tail=1')).json, 'content');
    assert.equal(tail, `${whole.trimEnd().split('\n').at(-1) ?? ''}\n`);
    assert.equal((await ask('GET', 'first/containers/none/logs')).status, 404);
  });

  it('stop, start and restart', async () => {
    const ip = await ipOf('first');
    const before = await greeting(ip);
    assert.equal((await ask('POST', 'first/restart')).status, 204);
    const after = await until('a new process', async () => {
      const found = await greeting(ip);
      return found !== undefined && found.pid !== before?.pid ? found : undefined;
    });
    assert.equal(after.greeting, 'hi');
    assert.equal((await ask('POST', 'first/stop')).status, 204);
    assert.equal(await greeting(ip), undefined);
    assert.equal(textAt((await ask('GET', 'first')).json, 'properties', 'instanceView', 'state'), 'Stopped');
    assert.equal((await ask('POST', 'first/start')).status, 202);
    await until('an answer', () => greeting(ip));
  });

  it('are replaced by a second PUT, at the same address', async () => {
    const ip = await ipOf('second');
    const put = await ask('PUT', 'second', definition({ env: [{ name: 'GREETING', value: 'changed' }] }));
    assert.equal(put.status, 200);
    await settled(put);
    assert.equal(await ipOf('second'), ip);
    await until('the new answer', async () => ((await greeting(ip))?.greeting === 'changed' ? true : undefined));
  });

  it('say how a container ended, and start it again when the policy says so', async () => {
    await create('once', { env: [{ name: 'MODE', value: 'crash' }], restartPolicy: 'Never' });
    const state = await until('the end', async () =>
      at(await stateOf('once'), 'state') === 'Terminated' ? stateOf('once') : undefined,
    );
    assert.equal(at(state, 'exitCode'), 3);
    assert.equal(textAt((await ask('GET', 'once')).json, 'properties', 'instanceView', 'state'), 'Failed');
    assert.match(textAt((await ask('GET', 'once/containers/scorer/logs')).json, 'content'), /starting in mode crash/);
    await create('again', { env: [{ name: 'MODE', value: 'crash' }] });
    const view = await until('the back-off', async () => {
      const found = at((await ask('GET', 'again')).json, 'properties', 'containers', 0, 'properties', 'instanceView');
      return at(found, 'restartCount') === 1 && at(found, 'currentState', 'state') === 'Waiting' ? found : undefined;
    });
    assert.match(textAt(view, 'currentState', 'detailStatus'), /^CrashLoopBackOff: back-off 10s/);
    assert.equal(at(view, 'previousState', 'exitCode'), 3);
  });

  it('say so when the command does not exist', async () => {
    await create('missing', { command: ['/no/such/program'], restartPolicy: 'Never' });
    const state = await until('the end', async () =>
      at(await stateOf('missing'), 'state') === 'Terminated' ? stateOf('missing') : undefined,
    );
    assert.equal(at(state, 'exitCode'), 127);
    assert.match(
      textAt(state, 'detailStatus'),
      /exec: "\/no\/such\/program": stat \/no\/such\/program: no such file or directory/,
    );
  });

  describe('refuse', () => {
    const inaccessible = async (wish: Wish, shown: string): Promise<void> => {
      const put = await ask('PUT', 'refused', definition(wish));
      assert.equal(put.status, 400);
      assert.equal(textAt(put.json, 'error', 'code'), 'InaccessibleImage');
      assert.equal(
        textAt(put.json, 'error', 'message'),
        `The image '${shown}' in container group 'refused' is not accessible. Please check the image and registry credential.`,
      );
      assert.equal((await ask('GET', 'refused')).status, 404);
    };
    it('an image without credentials for it, or with wrong ones', async () => {
      await inaccessible({ credentials: [] }, image);
      await inaccessible(
        { credentials: [{ server: loginServer(on.azure), username: tokenUser, password: 'x.y.z' }] },
        image,
      );
      await inaccessible({ credentials: [{ server: loginServer(on.azure), identity: '/not/assigned' }] }, image);
    });
    it('a digest, tag or registry that is not there', async () => {
      const digest = `${image.split('@')[0] ?? ''}@sha256:${'0'.repeat(64)}`;
      for (const name of [digest, `${loginServer(on.azure)}/server:none`, 'docker.io/library/nginx'])
        await inaccessible({ image: name }, name);
    });
    it('what is not supported, by name', async () => {
      const refused = async (change: (properties: Record<string, unknown>) => void): Promise<string> => {
        const body = definition();
        change(body['properties'] as Record<string, unknown>);
        const put = await ask('PUT', 'refused', body);
        assert.equal(put.status, 400);
        return textAt(put.json, 'error', 'message');
      };
      assert.match(await refused((p) => (p['osType'] = 'Windows')), /Windows/);
      assert.match(await refused((p) => (p['volumes'] = [{ name: 'v' }])), /'volumes'/);
      assert.match(await refused((p) => (p['containers'] = [])), /at least one container/);
      assert.match(await refused((p) => (p['ipAddress'] = { type: 'Public', ports: [{ port: 99 }] })), /TCP:99/);
      assert.equal((await ask('PUT', 'Bad_Name', definition())).status, 400);
    });
    it('an identity the caller may not assign', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tasks-'));
      mkdirSync(join(folder, 'Deployer'));
      const actions = ['write', 'read'].map((verb) => ({
        name: `Microsoft.ContainerInstance/containerGroups/${verb}`,
        scope: 'resourceGroup',
        why: 'a test',
      }));
      writeFileSync(join(folder, 'Deployer', 'permissions.json'), JSON.stringify({ actions, dataActions: [] }));
      const held = await stage({ services: containerServices, tasksDir: folder });
      try {
        const identity = `${groupPath(held.azure)}/Microsoft.ManagedIdentity/userAssignedIdentities/id-mlops-agent`;
        const body = {
          ...definition({ credentials: [{ server: loginServer(held.azure), identity }] }),
          identity: { type: 'UserAssigned', userAssignedIdentities: { [identity]: {} } },
        };
        const put = await request(
          held.azure,
          'PUT',
          `${groupPath(held.azure)}/Microsoft.ContainerInstance/containerGroups/g?${version}`,
          {
            token: await metadataToken(held.azure, resources.arm, { task: 'Deployer' }),
            body,
          },
        );
        assert.equal(put.status, 403);
        assert.equal(textAt(put.json, 'error', 'code'), 'LinkedAuthorizationFailed');
        assert.match(put.text, /Microsoft\.ManagedIdentity\/userAssignedIdentities\/assign\/action/);
      } finally {
        await held.end();
        rmSync(folder, { recursive: true });
      }
    });
  });

  it('are listed, and deleted with all that runs', async () => {
    const names = async (): Promise<unknown[]> => {
      const value = at((await ask('GET', '')).json, 'value');
      return Array.isArray(value) ? value.map((one: unknown) => at(one, 'name')) : [];
    };
    assert.ok((await names()).includes('second'));
    const ip = await ipOf('second');
    const gone = await ask('DELETE', 'second');
    assert.deepEqual([gone.status, at(gone.json, 'name')], [200, 'second']);
    assert.equal(await greeting(ip), undefined);
    assert.equal((await ask('DELETE', 'second')).status, 204);
    assert.equal(textAt((await ask('GET', 'second')).json, 'error', 'code'), 'ResourceNotFound');
    assert.ok(!(await names()).includes('second'));
  });

  it('serve again after a restart of the stand-in, and leave nothing running between', async () => {
    const ip = await ipOf('first');
    await on.azure.stop();
    assert.equal(await greeting(ip), undefined);
    on.azure = await startAzure({ stateDir: join(on.folder, 'state'), services: containerServices });
    assert.equal((await until('an answer', () => greeting(ip))).greeting, 'hi');
  });

  it('satisfy the official description', async function () {
    const judge = await createJudge();
    if (judge === undefined) return void this.skip();
    const judging = judgeServer(judge, on.azure);
    await create('judged');
    for (const call of ['judged', '', 'judged/containers/scorer/logs']) await ask('GET', call);
    for (const call of ['judged/restart', 'judged/stop', 'judged/start']) await ask('POST', call);
    await ask('PUT', 'judged', definition({ credentials: [] }));
    await ask('DELETE', 'judged');
    assert.deepEqual(await judging.verdict(), []);
    for (const operation of ['CreateOrUpdate', 'Get', 'Delete', 'Stop', 'Start', 'Restart', 'ListByResourceGroup']) {
      assert.ok(judge.seen.has(`ContainerGroups_${operation}`), operation);
    }
  });
});
