import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import path from 'node:path';
import { shown, startStandIns, type RunOptions, type StandIns } from '../support/stand-ins';

/** A closed network: Azure has a name that only the proxy can resolve, and a certificate of a private authority. */
const host = 'arm.azurecr.localhost';
const user = 'CORP\\build agent';
const password = 'p@ss:w/rd#1%';

describe('a closed network', function () {
  this.timeout(120_000);
  let standIns: StandIns;
  let proxy: Server;
  let asked: { target: string; authorization: string | undefined }[] = [];

  before(async () => {
    standIns = await startStandIns();
    proxy = createServer();
    proxy.on('connect', (request, client, head) => {
      asked.push({ target: request.url ?? '', authorization: request.headers['proxy-authorization'] });
      const port = Number((request.url ?? '').split(':').at(-1));
      const upstream = connect(port, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.write(head);
        upstream.pipe(client).pipe(upstream);
      });
      upstream.on('error', () => client.destroy());
      client.on('error', () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  });
  after(async () => {
    proxy.closeAllConnections();
    proxy.close();
    await standIns.stop();
  });
  beforeEach(() => {
    asked = [];
  });

  function run(
    scheme: RunOptions['scheme'] & string,
    variables: Record<string, string>,
    more: Pick<RunOptions, 'sourcesDirectory'> = {},
  ) {
    const { azure } = standIns;
    const connection = azure.serviceConnection(scheme);
    // Sign-in stays where its documents say it is, and is reached without the proxy; Resource Manager is behind it.
    connection.url = connection.url.replace('localhost', host);
    return standIns.run(
      'RegisterModel',
      { modelName: 'm', job: 'no-such-job', path: 'model', azureSubscription: connection.name },
      {
        scheme,
        ...more,
        serviceConnections: [connection],
        environment: { NODE_EXTRA_CA_CERTS: '' },
        variables: { 'Agent.ProxyUrl': `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, ...variables },
        secretVariables: { 'Agent.ProxyPassword': password },
      },
    );
  }

  for (const scheme of ['ManagedServiceIdentity', 'ServicePrincipalKey'] as const) {
    it(`is crossed by the agent's proxy and certificate authority with ${scheme}`, async () => {
      const step = await run(scheme, { 'Agent.CAInfo': standIns.azure.caFile, 'Agent.ProxyUsername': user });
      assert.match(step.issues.map(({ message }) => message).join('\n'), /no-such-job/, shown(step));
      assert.ok(asked.length > 0);
      assert.ok(
        asked.every(({ target }) => target.startsWith(host)),
        JSON.stringify(asked),
      );
      const basic = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
      assert.deepEqual(
        asked.map(({ authorization }) => authorization),
        asked.map(() => basic),
      );
      const leaks = step.rawLines.filter((line) => line.includes(password) && !line.includes('task.setsecret'));
      assert.deepEqual(leaks, []);
    });
  }

  it('trusts no certificate authority that lies where steps of a job write', async () => {
    const sources = standIns.folder('sources');
    copyFileSync(standIns.azure.caFile, path.join(sources, 'ca.pem'));
    const variables = { 'Agent.CAInfo': path.join(sources, 'ca.pem'), 'Agent.ProxyUsername': user };
    const step = await run('ManagedServiceIdentity', variables, { sourcesDirectory: sources });
    assert.match(step.issues.map(({ message }) => message).join('\n'), /where steps of a job write/, shown(step));
    assert.deepEqual(asked, []);
  });

  it('says at once that a certificate is not trusted, and what to do', async () => {
    const begun = Date.now();
    const step = await run('ManagedServiceIdentity', { 'Agent.ProxyUsername': user });
    assert.match(
      step.issues.map(({ message }) => message).join('\n'),
      /does not trust the certificate.*--sslcacert/s,
      shown(step),
    );
    assert.ok(Date.now() - begun < 20_000);
  });
});
