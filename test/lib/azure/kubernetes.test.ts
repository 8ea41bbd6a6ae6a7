import 'reflect-metadata';
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import * as x509 from '@peculiar/x509';
import type { TaskError } from '../../../lib/agent/errors';
import {
  clusterConfig,
  connect,
  readKubeConfig,
  type KubeAnswer,
  type KubeConfig,
  type KubeRequest,
} from '../../../lib/azure/kubernetes';
import { FakeAgent } from '../../support/fake-agent';
import { FakeAzure, resourceGroupId } from '../../support/fake-azure';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function kubeconfig(user: string, server = 'https://aks.example:443/prefix/'): string {
  return `apiVersion: v1
kind: Config
current-context: two
clusters:
- {name: one, cluster: {server: "https://other"}}
- {name: aks, cluster: {server: "${server}", certificate-authority-data: ${base64('CA')}}}
contexts:
- {name: one, context: {cluster: one, user: x}}
- {name: two, context: {cluster: aks, user: u}}
users:
- name: u
  user: ${user}
`;
}

describe('a kubeconfig', () => {
  it('is read in its current context, with a client certificate', async () => {
    const text = kubeconfig(`{client-certificate-data: ${base64('CERT')}, client-key-data: ${base64('KEY')}}`);
    assert.deepEqual(await readKubeConfig('k', text), {
      server: 'https://aks.example:443/prefix',
      ca: 'CA',
      auth: { kind: 'certificate', cert: 'CERT', key: 'KEY' },
    });
  });

  it('asks for a token of Entra ID where it names a program', async () => {
    const text = kubeconfig(
      '{exec: {apiVersion: client.authentication.k8s.io/v1, command: kubelogin, args: [get-token]}}',
    );
    assert.deepEqual((await readKubeConfig('k', text)).auth, { kind: 'entra' });
  });

  it('may carry a token', async () => {
    assert.deepEqual((await readKubeConfig('k', kubeconfig('{token: abc}'))).auth, { kind: 'token', token: 'abc' });
  });

  it('is refused without https or without its user', async () => {
    await assert.rejects(readKubeConfig('k', kubeconfig('{token: a}', 'http://plain')), /has no https address/);
    await assert.rejects(
      readKubeConfig('k', kubeconfig('{token: a}').replace('- name: u', '- name: v')),
      /no entry "u"/,
    );
    await assert.rejects(readKubeConfig('k', 'a: ['), /k:1:/);
  });

  it('comes from Azure, and its key is masked', async () => {
    const agent = new FakeAgent();
    const fake = new FakeAzure(agent);
    const path = `${resourceGroupId}/providers/Microsoft.ContainerService/managedClusters/aks/listClusterUserCredential`;
    fake.on('POST', path, () => ({
      body: {
        kubeconfigs: [
          {
            name: 'clusterUser',
            value: base64(
              kubeconfig(`{client-certificate-data: ${base64('CERT')}, client-key-data: ${base64('KEY')}}`),
            ),
          },
        ],
      },
    }));
    assert.equal((await clusterConfig(fake.azure, agent, 'aks')).ca, 'CA');
    assert.deepEqual(agent.secrets, ['KEY']);
  });
});

function opened(auth: KubeConfig['auth'], answers: (Partial<KubeAnswer> | Error)[]) {
  const agent = new FakeAgent();
  const { azure } = new FakeAzure(agent);
  const requests: KubeRequest[] = [];
  const tokens = {
    get: (audience: string, renew = false) => Promise.resolve(`${renew ? 'new' : 'old'} ${audience}`),
  };
  const transport = (request: KubeRequest): Promise<KubeAnswer> => {
    requests.push(request);
    const answer = answers.shift() ?? {};
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve({ status: 200, headers: { 'retry-after-ms': '1' }, body: '{}', ...answer });
  };
  const kubernetes = connect({ server: 'https://aks/p', ca: 'CA', auth }, { azure, agent, tokens, transport });
  return { kubernetes, requests };
}

describe('calls of a cluster', () => {
  it('apply on the server, with the token for Kubernetes', async () => {
    const { kubernetes, requests } = opened({ kind: 'entra' }, [{ body: '{"kind":"Namespace"}' }]);
    assert.deepEqual(await kubernetes.apply('/api/v1/namespaces/a', { kind: 'Namespace' }), { kind: 'Namespace' });
    assert.deepEqual(requests, [
      {
        method: 'PATCH',
        url: 'https://aks/p/api/v1/namespaces/a?fieldManager=mlops-azure-ml&force=true',
        headers: {
          accept: 'application/json',
          'content-type': 'application/apply-patch+yaml',
          authorization: 'Bearer old kubernetes',
        },
        body: '{"kind":"Namespace"}',
        ca: ['CA'],
      },
    ]);
  });

  it('are repeated after errors that pass, and renew the token once', async () => {
    const { kubernetes, requests } = opened({ kind: 'entra' }, [
      { status: 503 },
      { status: 429 },
      { status: 401 },
      { status: 200, body: '{"ok":true}' },
    ]);
    assert.deepEqual(await kubernetes.get('/api'), { ok: true });
    assert.deepEqual(
      requests.map(({ headers }) => headers['authorization']),
      ['Bearer old kubernetes', 'Bearer old kubernetes', 'Bearer old kubernetes', 'Bearer new kubernetes'],
    );
  });

  it('give undefined for what is not there, and say what was refused', async () => {
    const forbidden = { kind: 'Status', reason: 'Forbidden', message: 'deployments.apps "x" is forbidden', code: 403 };
    const { kubernetes } = opened({ kind: 'token', token: 't' }, [
      { status: 404 },
      { status: 403, body: JSON.stringify(forbidden) },
      { status: 401, body: '' },
    ]);
    assert.equal(await kubernetes.get('/api'), undefined);
    await assert.rejects(kubernetes.apply('/apis/x', {}), (error: TaskError) => {
      assert.match(error.message, /deployments\.apps "x" is forbidden/);
      assert.match(error.advice ?? '', /RBAC Writer/);
      return true;
    });
    await assert.rejects(kubernetes.get('/api'), (error: TaskError) => /Entra ID/.test(error.advice ?? ''));
  });

  it('name the server when it cannot be reached', async () => {
    const { kubernetes } = opened({ kind: 'entra' }, [new Error('unable to verify the first certificate')]);
    await assert.rejects(kubernetes.get('/api'), /API server https:\/\/aks\/p cannot be reached: unable to verify/);
  });
});

interface Identity {
  certificate: x509.X509Certificate;
  keys: webcrypto.CryptoKeyPair;
  cert: string;
  key: string;
}

async function issue(name: string, issuer?: Identity): Promise<Identity> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const common = {
    serialNumber: Math.floor(Math.random() * 1e9).toString(16).padStart(8, '1'),
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: algorithm,
  };
  const certificate = issuer
    ? await x509.X509CertificateGenerator.create({
        ...common,
        subject: `CN=${name}`,
        issuer: issuer.certificate.subject,
        publicKey: keys.publicKey,
        signingKey: issuer.keys.privateKey,
        extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
      })
    : await x509.X509CertificateGenerator.createSelfSigned({
        ...common,
        name: `CN=${name}`,
        keys,
        extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
      });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    certificate,
    keys,
    cert: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  };
} // prettier-ignore

describe('the connection to a cluster', () => {
  it('trusts the authority of the kubeconfig alone and shows its certificate', async () => {
    const authority = await issue('authority');
    const [server, client] = [await issue('server', authority), await issue('client', authority)];
    const cluster = createServer(
      { cert: server.cert, key: server.key, ca: authority.cert, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const authorized = request.socket instanceof TLSSocket && request.socket.authorized;
        response.end(JSON.stringify({ authorized, path: request.url }));
      },
    );
    await new Promise<void>((resolve) => cluster.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = cluster.address() as AddressInfo;
      const agent = new FakeAgent();
      const { azure } = new FakeAzure(agent);
      const options = { azure, agent, tokens: { get: () => Promise.reject(new Error('no token')) } };
      const config: KubeConfig = {
        server: `https://127.0.0.1:${port}/prefix`,
        ca: authority.cert,
        auth: { kind: 'certificate', cert: client.cert, key: client.key },
      };
      assert.deepEqual(await connect(config, options).get('/api/v1'), { authorized: true, path: '/prefix/api/v1' });
      const other = { ...config, ca: (await issue('other')).cert };
      await assert.rejects(connect(other, options).get('/api'), /cannot be reached: .*certificate/);
    } finally {
      cluster.close();
      cluster.closeAllConnections();
    }
  });
});
