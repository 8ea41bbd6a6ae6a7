import assert from 'node:assert/strict';
import { ArmClient } from '../../../lib/azure/arm-client';
import type { Cloud } from '../../../lib/azure/cloud';
import { AzureError } from '../../../lib/azure/errors';
import type { HttpAnswer, HttpRequest } from '../../../lib/azure/http';
import { FakeAgent } from '../../support/fake-agent';

const cloud: Cloud = {
  name: 'AzureCloud',
  arm: 'https://arm',
  authority: 'https://login',
  resources: { arm: 'arm', machineLearning: 'ml', storage: 'storage', kubernetes: 'k' },
};

/** Answers by method and path; each list is used up, its last answer stays. */
function client(answers: Record<string, Partial<HttpAnswer>[]>) {
  const sent: string[] = [];
  const send = (request: HttpRequest): Promise<HttpAnswer> => {
    const key = `${request.method} ${request.url}`;
    sent.push(key);
    const list = answers[key] ?? assert.fail(`unexpected ${key}`);
    const next = list.length > 1 ? list.shift() : list[0];
    return Promise.resolve({ status: 200, headers: {}, body: undefined, ...next });
  };
  return { arm: new ArmClient({ send }, cloud, new FakeAgent()), sent };
}

const wait = { what: 'the endpoint', timeoutMs: 60_000 };
const soon = { 'retry-after-ms': '1' };

describe('Azure Resource Manager', () => {
  it('follows all pages of a list', async () => {
    const { arm } = client({
      'GET https://arm/x?api-version=1': [{ body: { value: [1, 2], nextLink: 'https://arm/x?page=2' } }],
      'GET https://arm/x?page=2': [{ body: { value: [3] } }],
    });
    const found: unknown[] = [];
    for await (const item of arm.list('/x', '1')) found.push(item);
    assert.deepEqual(found, [1, 2, 3]);
  });

  it('follows Azure-AsyncOperation verbatim, then reads the resource', async () => {
    const status = 'https://arm/mfeOperationsStatus/oe:1?api-version=1&t=1&c=long%2Fvalue';
    const { arm, sent } = client({
      [`GET ${status}`]: [{ body: { status: 'Creating' }, headers: soon }, { body: { status: 'Succeeded' } }],
      'GET https://arm/e?api-version=1': [
        { body: { properties: { provisioningState: 'Succeeded', scoringUri: 'u' } } },
      ],
    });
    const answer = { status: 201, headers: { 'azure-asyncoperation': status }, body: {} };
    assert.deepEqual(await arm.wait('/e', '1', answer, wait), {
      properties: { provisioningState: 'Succeeded', scoringUri: 'u' },
    });
    assert.equal(sent.filter((key) => key.includes('oe:1')).length, 2);
  });

  it('follows Location while it answers 202', async () => {
    const { arm, sent } = client({
      'GET https://arm/result': [{ status: 202, headers: soon }, { status: 200 }],
      'GET https://arm/e?api-version=1': [{ body: { properties: {} } }],
    });
    await arm.wait('/e', '1', { status: 202, headers: { location: 'https://arm/result' }, body: null }, wait);
    assert.equal(sent.length, 3);
  });

  it('fails with the error of the operation', async () => {
    const { arm } = client({
      'GET https://arm/op': [
        { body: { status: 'Failed', error: { code: 'ResourceNotReady', message: 'User container has crashed.' } } },
      ],
    });
    const answer = { status: 201, headers: { 'azure-asyncoperation': 'https://arm/op' }, body: {} };
    await assert.rejects(
      arm.wait('/e', '1', answer, wait),
      (error) =>
        error instanceof AzureError &&
        error.is('ResourceNotReady') &&
        /the endpoint ended as Failed.*User container has crashed/s.test(error.message),
    );
  });

  it('fails when the provisioning state says so although no operation did', async () => {
    const { arm } = client({
      'GET https://arm/e?api-version=1': [{ body: { properties: { provisioningState: 'Failed' } } }],
    });
    await assert.rejects(
      arm.wait('/e', '1', { status: 200, headers: {}, body: {} }, wait),
      /provisioning state Failed/,
    );
  });

  it('tells a missing resource from a missing workspace', async () => {
    const missing = (code: string) =>
      client({ 'GET https://arm/x?api-version=1': [{ status: 404, body: { error: { code, message: 'm' } } }] }).arm;
    assert.equal(await missing('UserError').getIfExists('/x', '1'), undefined);
    await assert.rejects(missing('ParentResourceNotFound').getIfExists('/x', '1'), AzureError);
  });
});
