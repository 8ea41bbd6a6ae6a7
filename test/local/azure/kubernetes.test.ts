import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startAzure } from '../../../local/azure';
import { asList, asObject } from '../../../local/azure/json';
import { requireProgram, runClient, type ClientOutput } from '../../support/clients';
import { createJudge, judgeServer } from '../../support/judge';
import { at, metadataToken, request, resources, stage, textAt, type Reply, type Stage } from './client';
import {
  archive,
  buildImage,
  containerServices,
  greeting,
  groupPath,
  ownerToken,
  serverFiles,
  until,
} from './image-builder';

const application = '6dae42f8-4368-4678-94ff-3960e28e3630';
const apps = '/apis/apps/v1/namespaces/ns/deployments';

function deployment(
  name: string,
  image: string,
  more: {
    replicas?: number;
    env?: Record<string, string>;
    spec?: Record<string, unknown>;
    template?: Record<string, unknown>;
  } = {},
): Record<string, unknown> {
  const env = Object.entries(more.env ?? {}).map(([key, value]) => ({ name: key, value }));
  const container = {
    name: 'server',
    image,
    ports: [{ containerPort: 8080 }],
    env,
    readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'ns', labels: { app: name } },
    spec: {
      replicas: more.replicas ?? 1,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [container], ...more.template } },
      ...more.spec,
    },
  };
}

function service(name: string, port: number, more: Record<string, unknown> = {}): Record<string, unknown> {
  const annotations = { 'service.beta.kubernetes.io/azure-load-balancer-internal': 'true' };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'ns', annotations },
    spec: { type: 'LoadBalancer', selector: { app: name }, ports: [{ port, targetPort: 8080 }], ...more },
  };
}

describe('the local Kubernetes cluster', function () {
  this.timeout(120_000);
  let on: Stage;
  let token: string;
  let image: string;
  before(async () => {
    on = await stage({ services: containerServices });
    token = await ownerToken(on.azure, application);
    const built = await buildImage(on.azure, await ownerToken(on.azure), await archive(serverFiles), 'server:1');
    assert.equal(built.status, 'Succeeded', built.log);
    image = built.image;
    const made = await ask('POST', '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'ns' },
    });
    assert.equal(made.status, 201, made.text);
  });
  after(() => on.end());

  const cluster = (path: string): string => `/kubernetes/aks-mlops${path}`;
  const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
    request(on.azure, method, cluster(path), { token, body, headers });
  const apply = (path: string, object: unknown, manager = 'tests', force = false): Promise<Reply> =>
    ask('PATCH', `${path}?fieldManager=${manager}${force ? '&force=true' : ''}`, Buffer.from(stringify(object)), {
      'content-type': 'application/apply-patch+yaml',
    });
  const patch = (path: string, kind: string, body: unknown): Promise<Reply> =>
    ask('PATCH', path, body, { 'content-type': `application/${kind}+json` });
  const get = async (path: string): Promise<unknown> => (await ask('GET', path)).json;
  const rolledOut = (name: string): Promise<unknown> =>
    until(`rollout of ${name}`, async () => {
      const found = await get(`${apps}/${name}`);
      const wanted = at(found, 'spec', 'replicas');
      const done = at(found, 'status', 'observedGeneration') === at(found, 'metadata', 'generation');
      const counts = ['replicas', 'updatedReplicas', 'availableReplicas'].every(
        (key) => at(found, 'status', key) === wanted,
      );
      return done && counts ? found : undefined;
    });
  const condition = (object: unknown, type: string): unknown => {
    const conditions = at(object, 'status', 'conditions');
    return Array.isArray(conditions) ? conditions.find((one: unknown) => at(one, 'type') === type) : undefined;
  };
  const podsOf = async (name: string): Promise<unknown[]> => {
    const items = at(await get(`/api/v1/namespaces/ns/pods?labelSelector=app%3D${name}`), 'items');
    return asList(items);
  };

  describe('access', () => {
    it('is by Entra token for the cluster, or by the token of its kubeconfig', async () => {
      const arm = await ownerToken(on.azure);
      const answer = await request(
        on.azure,
        'POST',
        `${groupPath(on.azure)}/Microsoft.ContainerService/managedClusters/aks-mlops/listClusterUserCredential?api-version=2024-09-01&format=azure`,
        { token: arm },
      );
      assert.equal(textAt(answer.json, 'kubeconfigs', 0, 'name'), 'clusterUser');
      const config = Buffer.from(textAt(answer.json, 'kubeconfigs', 0, 'value'), 'base64').toString();
      assert.match(config, new RegExp(`server: ${on.azure.url}/kubernetes/aks-mlops\\n`));
      const own = /token: (\S+)/.exec(config)?.[1] ?? '';
      for (const [held, status] of [
        [own, 200],
        [token, 200],
        [arm, 401],
        [`${own}x`, 401],
        ['x', 401],
      ] as const) {
        assert.equal((await request(on.azure, 'GET', cluster('/api/v1/namespaces'), { token: held })).status, status);
      }
      const nobody = await request(on.azure, 'GET', cluster('/api'));
      assert.deepEqual(
        [nobody.status, at(nobody.json, 'kind'), at(nobody.json, 'reason')],
        [401, 'Status', 'Unauthorized'],
      );
      assert.equal((await request(on.azure, 'GET', cluster('/version'))).status, 200);
    });

    it('is limited to what the task may do, and the refusal names it', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tasks-'));
      mkdirSync(join(folder, 'Reader'));
      const dataActions = [
        { name: 'Microsoft.ContainerService/managedClusters/apps/deployments/read', scope: 'cluster', why: 'a test' },
      ];
      writeFileSync(join(folder, 'Reader', 'permissions.json'), JSON.stringify({ actions: [], dataActions }));
      const held = await stage({ services: containerServices, tasksDir: folder });
      try {
        const task = await metadataToken(held.azure, application, { task: 'Reader' });
        const status = async (method: string, path: string): Promise<Reply> =>
          request(held.azure, method, cluster(path), { token: task, body: method === 'GET' ? undefined : {} });
        assert.equal((await status('GET', '/apis/apps/v1/namespaces/default/deployments')).status, 200);
        const refused = await status('PATCH', '/apis/apps/v1/namespaces/default/deployments/x');
        assert.equal(refused.status, 403);
        assert.match(
          textAt(refused.json, 'message'),
          /^deployments\.apps "x" is forbidden: User "[0-9a-f-]+" cannot patch resource "deployments" in API group "apps" in the namespace "default"/,
        );
        assert.equal((await status('GET', '/api/v1/namespaces/default/secrets')).status, 403);
        const arm = await metadataToken(held.azure, resources.arm, { task: 'Reader' });
        const credential = await request(
          held.azure,
          'POST',
          `${groupPath(held.azure)}/Microsoft.ContainerService/managedClusters/aks-mlops/listClusterUserCredential?api-version=2024-09-01`,
          { token: arm },
        );
        assert.equal(credential.status, 403);
      } finally {
        await held.end();
        rmSync(folder, { recursive: true });
      }
    });

    it('satisfies the official description of the cluster', async function () {
      const judge = await createJudge();
      if (judge === undefined) return void this.skip();
      const judging = judgeServer(judge, on.azure);
      const arm = await ownerToken(on.azure);
      const path = `${groupPath(on.azure)}/Microsoft.ContainerService/managedClusters`;
      for (const below of ['', '/aks-mlops'])
        await request(on.azure, 'GET', `${path}${below}?api-version=2024-09-01`, { token: arm });
      await request(on.azure, 'POST', `${path}/aks-mlops/listClusterUserCredential?api-version=2024-09-01`, {
        token: arm,
      });
      assert.equal(
        (await request(on.azure, 'GET', `${path}/other?api-version=2024-09-01`, { token: arm })).status,
        404,
      );
      assert.deepEqual(await judging.verdict(), []);
      assert.ok(judge.seen.has('ManagedClusters_Get') && judge.seen.has('ManagedClusters_ListClusterUserCredentials'));
    });
  });

  describe('deployments', () => {
    it('run real pods behind a load balancer with an address of its own', async () => {
      assert.equal(
        (await apply(`${apps}/web`, deployment('web', image, { replicas: 2, env: { GREETING: 'one' } }))).status,
        201,
      );
      assert.equal((await apply('/api/v1/namespaces/ns/services/web', service('web', 80))).status, 201);
      const done = await rolledOut('web');
      assert.equal(at(condition(done, 'Available'), 'status'), 'True');
      assert.equal(at(condition(done, 'Progressing'), 'reason'), 'NewReplicaSetAvailable');
      const found = await until('an address', async () => {
        const object = await get('/api/v1/namespaces/ns/services/web');
        return at(object, 'status', 'loadBalancer', 'ingress', 0) === undefined ? undefined : object;
      });
      assert.equal(
        at(found, 'metadata', 'annotations', 'service.beta.kubernetes.io/azure-load-balancer-internal'),
        'true',
      );
      const ip = textAt(found, 'status', 'loadBalancer', 'ingress', 0, 'ip');
      const pids = new Set<number | undefined>();
      for (let i = 0; i < 6; i++) pids.add((await greeting(ip, 80))?.pid);
      assert.equal(pids.size, 2, 'both pods are asked in turn');
      assert.ok(!pids.has(undefined));
    });

    it('answer every request while a new version rolls out', async () => {
      const ip = textAt(await get('/api/v1/namespaces/ns/services/web'), 'status', 'loadBalancer', 'ingress', 0, 'ip');
      const seen: (string | undefined)[] = [];
      const rollout = apply(`${apps}/web`, deployment('web', image, { replicas: 2, env: { GREETING: 'two' } })).then(
        () => rolledOut('web'),
      );
      const over = rollout.then(() => true);
      const still = (): Promise<boolean> => new Promise((resolve) => setTimeout(() => resolve(false), 5));
      while (!(await Promise.race([over, still()]))) seen.push((await greeting(ip, 80))?.greeting);
      assert.ok(!seen.includes(undefined), 'each request was answered');
      assert.equal((await greeting(ip, 80))?.greeting, 'two');
      const sets = at(await get('/apis/apps/v1/namespaces/ns/replicasets'), 'items');
      assert.ok(Array.isArray(sets));
      const replicas = sets.map((set: unknown) => [
        at(set, 'metadata', 'annotations', 'deployment.kubernetes.io/revision'),
        at(set, 'spec', 'replicas'),
      ]);
      assert.deepEqual(replicas.sort(), [
        ['1', 0],
        ['2', 2],
      ]);
    });

    it('keep the old pod when the new one does not become ready, and say that the deadline is over', async () => {
      const broken = deployment('web', image, {
        replicas: 2,
        env: { MODE: 'unready' },
        spec: { progressDeadlineSeconds: 3 },
      });
      await apply(`${apps}/web`, broken);
      const late = await until('the deadline', async () => {
        const found = await get(`${apps}/web`);
        return at(condition(found, 'Progressing'), 'reason') === 'ProgressDeadlineExceeded' ? found : undefined;
      });
      assert.equal(at(condition(late, 'Progressing'), 'status'), 'False');
      assert.equal(at(condition(late, 'Available'), 'status'), 'True');
      const ip = textAt(await get('/api/v1/namespaces/ns/services/web'), 'status', 'loadBalancer', 'ingress', 0, 'ip');
      assert.equal((await greeting(ip, 80))?.greeting, 'two');
      const pods = await podsOf('web');
      assert.equal(pods.filter((pod) => at(condition(pod, 'Ready'), 'status') === 'True').length, 2);
      const waiting = pods.find((pod) => at(condition(pod, 'Ready'), 'reason') === 'ContainersNotReady');
      assert.equal(at(condition(waiting, 'Ready'), 'message'), 'containers with unready status: [server]');
      const events = at(await get('/api/v1/namespaces/ns/events?fieldSelector=reason%3DUnhealthy'), 'items');
      assert.match(JSON.stringify(events), /Readiness probe failed: HTTP probe failed with statuscode: 503/);
      await apply(`${apps}/web`, deployment('web', image, { replicas: 1, env: { GREETING: 'two' } }));
      await rolledOut('web');
    });

    it('report an image that cannot be pulled, and a container that crashes', async () => {
      await apply(`${apps}/nopull`, deployment('nopull', image.replace(/@.*/, ':none')));
      await apply(`${apps}/crash`, deployment('crash', image, { env: { MODE: 'crash' } }));
      const stateOf = async (name: string): Promise<unknown> =>
        at((await podsOf(name))[0], 'status', 'containerStatuses', 0);
      const reason = (state: unknown): unknown => at(state, 'state', 'waiting', 'reason');
      await until('the first error', async () =>
        reason(await stateOf('nopull')) === 'ErrImagePull' ? true : undefined,
      );
      const backOff = await until('the back-off', async () =>
        reason(await stateOf('nopull')) === 'ImagePullBackOff' ? stateOf('nopull') : undefined,
      );
      assert.match(textAt(backOff, 'state', 'waiting', 'message'), /not found/);
      const crash = await until('the crash', async () =>
        reason(await stateOf('crash')) === 'CrashLoopBackOff' ? stateOf('crash') : undefined,
      );
      assert.equal(at(crash, 'lastState', 'terminated', 'exitCode'), 3);
      const [pod] = await podsOf('crash');
      const log = await ask('GET', `/api/v1/namespaces/ns/pods/${textAt(pod, 'metadata', 'name')}/log?tailLines=1`);
      assert.equal(log.text, 'starting in mode crash\n');
      const none = await ask(
        'GET',
        `/api/v1/namespaces/ns/pods/${textAt((await podsOf('nopull'))[0], 'metadata', 'name')}/log`,
      );
      assert.match(textAt(none.json, 'message'), /container "server" in pod "nopull-.*" is waiting to start/);
    });

    it('give their containers variables and files from config maps, secrets and the pod itself', async () => {
      await apply('/api/v1/namespaces/ns/configmaps/settings', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'settings' },
        data: { text: 'from a map' },
      });
      await apply('/api/v1/namespaces/ns/secrets/keys', {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'keys' },
        stringData: { key: 'secret' },
      });
      const env = [
        { name: 'POD', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
        { name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'key' } } },
        { name: 'GREETING', value: '$(POD) $(KEY) $$(KEY) $(NONE)' },
        { name: 'DATA', value: '/etc/settings/text' },
      ];
      const object = deployment('mounts', image, {
        template: { volumes: [{ name: 'v', configMap: { name: 'settings' } }] },
      });
      const container = at(object, 'spec', 'template', 'spec', 'containers', 0);
      Object.assign(asObject(container), { env, volumeMounts: [{ name: 'v', mountPath: '/etc/settings' }] });
      assert.equal((await apply(`${apps}/mounts`, object)).status, 201);
      await rolledOut('mounts');
      const ip = textAt((await podsOf('mounts'))[0], 'status', 'podIP');
      const found = await greeting(ip);
      assert.deepEqual([found?.greeting, found?.data], ['mounts secret $(KEY) $(NONE)', 'from a map']);
    });

    it('with Recreate end all old pods first', async () => {
      const strategy = { spec: { strategy: { type: 'Recreate' } } };
      await apply(`${apps}/recreate`, deployment('recreate', image, { env: { GREETING: 'a' }, ...strategy }));
      await rolledOut('recreate');
      const counts: number[] = [];
      await apply(`${apps}/recreate`, deployment('recreate', image, { env: { GREETING: 'b' }, ...strategy }));
      await Promise.race([
        rolledOut('recreate'),
        (async () => {
          for (;;) {
            counts.push((await podsOf('recreate')).length);
            await new Promise((r) => setTimeout(r, 20));
          }
        })(),
      ]);
      assert.ok(Math.max(...counts) === 1, String(counts));
    });

    it('take everything with them when they are deleted', async () => {
      const [pod] = await podsOf('mounts');
      const ip = textAt(pod, 'status', 'podIP');
      const gone = await ask('DELETE', `${apps}/mounts`, { propagationPolicy: 'Background' });
      assert.equal(at(gone.json, 'status'), 'Success');
      await until('the end of the pods', async () => ((await podsOf('mounts')).length === 0 ? true : undefined));
      assert.equal(await greeting(ip), undefined);
      assert.equal((await ask('GET', `${apps}/mounts`)).status, 404);
    });
  });

  describe('objects', () => {
    const maps = '/api/v1/namespaces/ns/configmaps';
    const map = (
      name: string,
      data: Record<string, string>,
      more: Record<string, unknown> = {},
    ): Record<string, unknown> => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...more }, data });

    it('are created once, read, replaced with the right version only, and deleted', async () => {
      const made = await ask('POST', maps, map('crud', { a: '1' }));
      assert.equal(made.status, 201);
      assert.equal(textAt((await ask('POST', maps, map('crud', {}))).json, 'reason'), 'AlreadyExists');
      const version = textAt(made.json, 'metadata', 'resourceVersion');
      const put = await ask('PUT', `${maps}/crud`, map('crud', { a: '2' }, { resourceVersion: version }));
      assert.equal(put.status, 200);
      const stale = await ask('PUT', `${maps}/crud`, map('crud', { a: '3' }, { resourceVersion: version }));
      assert.deepEqual([stale.status, textAt(stale.json, 'reason')], [409, 'Conflict']);
      const dry = await ask('PUT', `${maps}/crud?dryRun=All`, map('crud', { a: '4' }));
      assert.deepEqual([textAt(dry.json, 'data', 'a'), textAt(await get(`${maps}/crud`), 'data', 'a')], ['4', '2']);
      assert.equal((await ask('DELETE', `${maps}/crud`)).status, 200);
      const missing = await ask('DELETE', `${maps}/crud`);
      assert.equal(textAt(missing.json, 'message'), 'configmaps "crud" not found');
      const nowhere = await ask('POST', '/api/v1/namespaces/none/configmaps', map('x', {}));
      assert.equal(textAt(nowhere.json, 'message'), 'namespaces "none" not found');
    });

    it('are patched in all four ways', async () => {
      await ask('POST', maps, map('patched', { a: '1', b: '2' }));
      const data = async (reply: Promise<Reply>): Promise<unknown> => at((await reply).json, 'data');
      assert.deepEqual(await data(patch(`${maps}/patched`, 'merge-patch', { data: { a: null, c: '3' } })), {
        b: '2',
        c: '3',
      });
      assert.deepEqual(
        await data(
          patch(`${maps}/patched`, 'json-patch', [
            { op: 'test', path: '/data/b', value: '2' },
            { op: 'replace', path: '/data/b', value: 'x' },
          ]),
        ),
        { b: 'x', c: '3' },
      );
      assert.equal(
        (await patch(`${maps}/patched`, 'json-patch', [{ op: 'test', path: '/data/b', value: '2' }])).status,
        422,
      );
      await ask('POST', apps, deployment('strategic', image, { replicas: 0, env: { A: '1', B: '2' } }));
      const changes = {
        containers: [
          {
            name: 'server',
            env: [
              { name: 'A', $patch: 'delete' },
              { name: 'C', value: '3' },
            ],
            '$setElementOrder/env': [{ name: 'C' }, { name: 'B' }],
          },
        ],
      };
      const merged = await patch(`${apps}/strategic`, 'strategic-merge-patch', {
        spec: { template: { spec: changes } },
      });
      assert.deepEqual(at(merged.json, 'spec', 'template', 'spec', 'containers', 0, 'env'), [
        { name: 'C', value: '3' },
        { name: 'B', value: '2' },
      ]);
      assert.equal(at(merged.json, 'spec', 'template', 'spec', 'containers', 0, 'image'), image);
      assert.equal(at(merged.json, 'metadata', 'generation'), 2);
      assert.equal((await patch(`${apps}/strategic`, 'unknown-patch', {})).status, 415);
    });

    it('are refused when they are not valid, with the fields named', async () => {
      const bad = deployment('bad', '', { replicas: -1, spec: { selector: { matchLabels: { app: 'other' } } } });
      const refused = await ask('POST', apps, bad);
      assert.deepEqual([refused.status, textAt(refused.json, 'reason')], [422, 'Invalid']);
      const causes = at(refused.json, 'details', 'causes');
      assert.ok(Array.isArray(causes));
      assert.deepEqual(
        causes.map((cause: unknown) => at(cause, 'field')),
        ['spec.template.metadata.labels', 'spec.replicas', 'spec.template.spec.containers[0].image'],
      );
      const strict = await ask('POST', `${apps}?fieldValidation=Strict`, {
        ...deployment('bad', image),
        spec: { ...asObject(at(deployment('bad', image), 'spec')), replicaz: 1 },
      });
      assert.match(textAt(strict.json, 'message'), /strict decoding error: unknown field "spec\.replicaz"/);
      const type = await ask('POST', apps, {
        ...deployment('bad', image),
        spec: { ...asObject(at(deployment('bad', image), 'spec')), replicas: '1' },
      });
      assert.match(
        textAt(type.json, 'message'),
        /cannot unmarshal string into Go struct field Deployment\.spec\.replicas of type int32/,
      );
      const kind = await ask('POST', apps, service('x', 1));
      assert.match(textAt(kind.json, 'message'), /the object provided is unrecognized/);
      const unsupported = await ask(
        'POST',
        apps,
        deployment('bad', image, {
          template: { initContainers: [{ name: 'i', image }], volumes: [{ name: 'v', hostPath: { path: '/' } }] },
        }),
      );
      assert.match(textAt(unsupported.json, 'message'), /initContainers.*not supported here.*hostPath/);
      assert.equal((await ask('GET', '/apis/batch/v1/namespaces/ns/jobs')).status, 404);
    });

    it('are selected by labels and fields', async () => {
      for (const [name, tier] of [
        ['s1', 'a'],
        ['s2', 'b'],
      ] as const)
        await ask('POST', maps, map(name, {}, { labels: { tier } }));
      const names = async (query: string): Promise<unknown> => {
        const items = at(await get(`${maps}?${query}`), 'items');
        return Array.isArray(items) ? items.map((item: unknown) => at(item, 'metadata', 'name')) : undefined;
      };
      assert.deepEqual(await names('labelSelector=tier'), ['s1', 's2']);
      assert.deepEqual(await names('labelSelector=tier%21%3Da,tier'), ['s2']);
      assert.deepEqual(await names(`labelSelector=${encodeURIComponent('tier in (a,c)')}`), ['s1']);
      assert.deepEqual(await names('fieldSelector=metadata.name%3Ds2'), ['s2']);
      assert.equal((await ask('GET', `${maps}?labelSelector=a%20b`)).status, 400);
    });

    it('are watched from a version on, with selectors', async () => {
      const version = textAt(await get(maps), 'metadata', 'resourceVersion');
      const events: unknown[] = [];
      const path = `${maps}?watch=true&resourceVersion=${version}&labelSelector=watched&timeoutSeconds=3`;
      const ended = new Promise<void>((resolve, reject) => {
        const sent = httpsRequest(
          `${on.azure.url}${cluster(path)}`,
          { headers: { authorization: `Bearer ${token}` }, ca: readFileSync(on.azure.caFile) },
          (answer) => {
            let text = '';
            answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
            answer.on('end', () => {
              events.push(
                ...text
                  .trim()
                  .split('\n')
                  .map((line): unknown => JSON.parse(line)),
              );
              resolve();
            });
          },
        );
        sent.on('error', reject);
        sent.end();
      });
      await ask('POST', maps, map('w', { n: '1' }, { labels: { watched: 'yes' } }));
      await ask('POST', maps, map('unseen', {}));
      await patch(`${maps}/w`, 'merge-patch', { data: { n: '2' } });
      await patch(`${maps}/w`, 'merge-patch', { metadata: { labels: { watched: null } } });
      await ended;
      assert.deepEqual(
        events.map((event) => [at(event, 'type'), at(event, 'object', 'metadata', 'name')]),
        [
          ['ADDED', 'w'],
          ['MODIFIED', 'w'],
          ['DELETED', 'w'],
        ],
      );
      const old = await ask('GET', `${maps}?watch=true&resourceVersion=1&timeoutSeconds=1`);
      assert.equal(at(old.json, 'object', 'code'), 410);
    });

    it('are shown as a table to who asks for one', async () => {
      const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
      const { json } = await ask('GET', apps, undefined, { accept });
      assert.equal(at(json, 'kind'), 'Table');
      const definitions = at(json, 'columnDefinitions');
      assert.ok(Array.isArray(definitions));
      assert.deepEqual(
        definitions.slice(0, 5).map((column: unknown) => at(column, 'name')),
        ['Name', 'Ready', 'Up-to-date', 'Available', 'Age'],
      );
    });

    it('of a namespace go with it', async () => {
      await ask('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'short' } });
      await ask('POST', '/api/v1/namespaces/short/configmaps', map('inside', {}));
      assert.equal((await ask('DELETE', '/api/v1/namespaces/short')).status, 200);
      assert.equal((await ask('GET', '/api/v1/namespaces/short/configmaps/inside')).status, 404);
      assert.equal((await ask('DELETE', '/api/v1/namespaces/default')).status, 403);
    });
  });

  describe('server-side apply', () => {
    const path = `${apps}/owned`;
    const owners = (reply: Reply): unknown => {
      const managers = at(reply.json, 'metadata', 'managedFields');
      return Array.isArray(managers)
        ? managers.map((one: unknown) => `${textAt(one, 'manager')}/${textAt(one, 'operation')}`)
        : undefined;
    };
    const only = (spec: Record<string, unknown>): Record<string, unknown> => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'owned' },
      spec,
    });

    it('refuses fields of another manager, names them, and takes them by force', async () => {
      const made = await apply(path, deployment('owned', image, { replicas: 0, env: { A: '1' } }), 'first');
      assert.deepEqual([made.status, owners(made)], [201, ['first/Apply']]);
      const conflict = await apply(path, only({ replicas: 2 }), 'second');
      assert.deepEqual([conflict.status, textAt(conflict.json, 'reason')], [409, 'Conflict']);
      assert.equal(
        textAt(conflict.json, 'message'),
        'Apply failed with 1 conflict: conflict with "first" using apps/v1: .spec.replicas',
      );
      assert.equal(textAt(conflict.json, 'details', 'causes', 0, 'reason'), 'FieldManagerConflict');
      const forced = await apply(path, only({ replicas: 0, paused: true }), 'second', true);
      assert.deepEqual([forced.status, owners(forced)], [200, ['first/Apply', 'second/Apply']]);
    });

    it('shares what is applied alike, and removes what its last owner no longer applies', async () => {
      const shared = deployment('owned', image, { replicas: 0, env: { A: '1', B: '2' } });
      assert.equal((await apply(path, shared, 'third')).status, 200);
      const without = await apply(path, deployment('owned', image, { replicas: 0 }), 'third');
      assert.deepEqual(at(without.json, 'spec', 'template', 'spec', 'containers', 0, 'env'), [
        { name: 'A', value: '1' },
      ]);
      const gone = await apply(path, deployment('owned', image, { replicas: 0 }), 'first');
      assert.equal(at(gone.json, 'spec', 'template', 'spec', 'containers', 0, 'env'), undefined);
      const unpaused = await apply(path, only({ replicas: 0 }), 'second');
      assert.equal(at(unpaused.json, 'spec', 'paused'), undefined);
    });

    it('sees what was changed without apply as the writer’s', async () => {
      await ask(
        'PATCH',
        `${path}?fieldManager=editor`,
        { spec: { minReadySeconds: 5 } },
        { 'content-type': 'application/merge-patch+json' },
      );
      const conflict = await apply(path, only({ minReadySeconds: 0 }), 'second');
      assert.match(textAt(conflict.json, 'message'), /conflict with "editor" using apps\/v1: \.spec\.minReadySeconds/);
    });

    it('changes nothing when nothing changes', async () => {
      const again = deployment('same', image, { replicas: 0, env: { A: '1' } });
      const first = await apply(`${apps}/same`, again);
      const settled = await until('the status', async () => {
        const found = await get(`${apps}/same`);
        return at(found, 'status', 'observedGeneration') === 1 &&
          at(condition(found, 'Progressing'), 'reason') === 'NewReplicaSetAvailable'
          ? found
          : undefined;
      });
      const second = await apply(`${apps}/same`, again);
      assert.equal(at(second.json, 'metadata', 'generation'), at(first.json, 'metadata', 'generation'));
      assert.equal(textAt(second.json, 'metadata', 'uid'), textAt(settled, 'metadata', 'uid'));
    });

    it('needs a manager and the name of the path', async () => {
      assert.equal((await apply(path, only({}), '')).status, 422);
      assert.match(textAt((await apply(`${apps}/else`, only({}))).json, 'message'), /name in URL does not match/);
    });
  });

  describe('after a restart of the stand-in', () => {
    it('serves what was deployed, at the same address', async () => {
      const ip = textAt(await get('/api/v1/namespaces/ns/services/web'), 'status', 'loadBalancer', 'ingress', 0, 'ip');
      await on.azure.stop();
      assert.equal(await greeting(ip, 80), undefined);
      on.azure = await startAzure({ stateDir: join(on.folder, 'state'), services: containerServices });
      token = await ownerToken(on.azure, application);
      await rolledOut('web');
      const answer = await until('an answer', () => greeting(ip, 80));
      assert.equal(answer.greeting, 'two');
    });
  });

  describe('kubectl', () => {
    let kubectl: (...args: string[]) => Promise<ClientOutput>;
    let folder: string;
    before(async function () {
      requireProgram(this, 'kubectl');
      folder = mkdtempSync(join(tmpdir(), 'kubectl-'));
      const answer = await request(
        on.azure,
        'POST',
        `${groupPath(on.azure)}/Microsoft.ContainerService/managedClusters/aks-mlops/listClusterUserCredential?api-version=2024-09-01`,
        { token: await ownerToken(on.azure) },
      );
      writeFileSync(join(folder, 'config'), Buffer.from(textAt(answer.json, 'kubeconfigs', 0, 'value'), 'base64'), {
        mode: 0o600,
      });
      kubectl = (...args) =>
        runClient(['kubectl', '--cache-dir', join(folder, 'cache'), ...args], { KUBECONFIG: join(folder, 'config') });
    });
    after(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    const file = (name: string, ...objects: unknown[]): string => {
      const path = join(folder, name);
      writeFileSync(path, objects.map((object) => stringify(object)).join('---\n'));
      return path;
    };
    const ok = async (...args: string[]): Promise<string> => {
      const { stdout, stderr, status } = await kubectl(...args);
      assert.equal(status, 0, `kubectl ${args.join(' ')}: ${stdout}${stderr}`);
      return stdout;
    };

    it('applies manifests, follows the rollout and reads the objects', async () => {
      const manifest = file('m.yaml', deployment('ctl', image, { env: { GREETING: 'kubectl' } }), service('ctl', 81));
      assert.equal(await ok('apply', '-f', manifest), 'deployment.apps/ctl created\nservice/ctl created\n');
      assert.match(
        await ok('-n', 'ns', 'rollout', 'status', 'deployment/ctl', '--timeout=40s'),
        /successfully rolled out/,
      );
      assert.equal(await ok('apply', '-f', manifest), 'deployment.apps/ctl unchanged\nservice/ctl unchanged\n');
      assert.match(
        await ok('-n', 'ns', 'get', 'deployments', 'ctl'),
        /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nctl +1\/1 +1 +1 /,
      );
      assert.match(await ok('-n', 'ns', 'get', 'pods', '-l', 'app=ctl'), /1\/1 +Running +0 /);
      const ip = await ok('-n', 'ns', 'get', 'service', 'ctl', '-o', 'jsonpath={.status.loadBalancer.ingress[0].ip}');
      assert.equal((await greeting(ip, 81))?.greeting, 'kubectl');
      assert.match(await ok('-n', 'ns', 'logs', 'deployment/ctl'), /starting in mode normal/);
    });

    it('changes, rolls back and scales', async () => {
      const changed = file('m2.yaml', deployment('ctl', image, { env: { GREETING: 'changed' } }));
      assert.match(await ok('apply', '-f', changed), /deployment\.apps\/ctl configured/);
      await ok('-n', 'ns', 'rollout', 'status', 'deployment/ctl', '--timeout=40s');
      await ok('-n', 'ns', 'rollout', 'undo', 'deployment/ctl');
      await ok('-n', 'ns', 'rollout', 'status', 'deployment/ctl', '--timeout=40s');
      const ip = await ok('-n', 'ns', 'get', 'service', 'ctl', '-o', 'jsonpath={.status.loadBalancer.ingress[0].ip}');
      assert.equal((await greeting(ip, 81))?.greeting, 'kubectl');
      await ok('-n', 'ns', 'scale', 'deployment/ctl', '--replicas=2');
      await ok('-n', 'ns', 'rollout', 'status', 'deployment/ctl', '--timeout=40s');
      // The pod of the version before may still be ending: a rollout does not wait for that.
      const staying = (await podsOf('ctl')).filter((pod) => at(pod, 'metadata', 'deletionTimestamp') === undefined);
      assert.equal(staying.length, 2);
    });

    it('applies server-side, and is told of conflicts', async () => {
      const manifest = file('ssa.yaml', deployment('ssa', image, { replicas: 0 }));
      assert.equal(await ok('apply', '--server-side', '-f', manifest), 'deployment.apps/ssa serverside-applied\n');
      const other = file('ssa2.yaml', deployment('ssa', image, { replicas: 1 }));
      const refused = await kubectl('apply', '--server-side', '--field-manager=other', '-f', other);
      assert.match(refused.stderr, /conflict with "kubectl" using apps\/v1: \.spec\.replicas/);
      await ok('apply', '--server-side', '--field-manager=other', '--force-conflicts', '-f', other);
    });

    it('sees a failed rollout, and fields that do not exist', async () => {
      await ok(
        'apply',
        '-f',
        file('fail.yaml', deployment('fail', image.replace(/@.*/, ':none'), { spec: { progressDeadlineSeconds: 2 } })),
      );
      const { stderr, status } = await kubectl('-n', 'ns', 'rollout', 'status', 'deployment/fail', '--timeout=30s');
      assert.equal(status, 1);
      assert.match(stderr, /exceeded its progress deadline/);
      const object = deployment('typo', image);
      Object.assign(asObject(at(object, 'spec')), { replicaz: 1 });
      const typo = await kubectl('apply', '-f', file('typo.yaml', object));
      assert.match(typo.stderr, /strict decoding error: unknown field "spec\.replicaz"/);
      assert.match(
        await ok('-n', 'ns', 'delete', 'deployment', 'fail', 'ctl', 'ssa', '--timeout=30s'),
        /"ctl" deleted/,
      );
    });
  });
});
