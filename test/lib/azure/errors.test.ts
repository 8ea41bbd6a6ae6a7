import assert from 'node:assert/strict';
import { azureError } from '../../../lib/azure/errors';

const headers = { 'x-ms-request-id': 'request-7', 'x-ms-correlation-request-id': 'correlation-7' };

describe('errors of Azure', () => {
  it('shows the useful code from details[] and the correlation of the service', () => {
    const error = azureError('PUT https://management.azure.com/x', {
      status: 400,
      headers,
      body: {
        error: {
          code: 'UserError',
          message: 'The request is invalid.',
          details: [
            {
              code: 'NoMatchingArtifactsFoundFromJob',
              message: 'No artifacts matching outputs/model.pkl found from Job.',
            },
          ],
          additionalInfo: [{ type: 'Correlation', info: { value: { operation: '41e2', request: 'd054' } } }],
        },
      },
    });
    assert.equal(
      error.message,
      'PUT https://management.azure.com/x answered 400 UserError: The request is invalid.\n' +
        '  NoMatchingArtifactsFoundFromJob: No artifacts matching outputs/model.pkl found from Job. [correlation 41e2, request request-7]',
    );
    assert.ok(error.is('nomatchingartifactsfoundfromjob'));
    assert.equal(error.status, 400);
  });

  it('unwraps JSON inside the message, as quota errors come', () => {
    const inner = JSON.stringify({
      errors: { VmSize: ['Not enough quota available for Standard_DS3_v2. Current usage/limit: 0/6.'] },
    });
    const error = azureError('PUT u', {
      status: 400,
      headers: {},
      body: { error: { code: 'InferencingClientCreateDeploymentFailed', message: `Failed: ${inner}` } },
    });
    assert.match(error.message, /Failed: Not enough quota available for Standard_DS3_v2/);
    assert.doesNotMatch(error.message, /VmSize/);
  });

  it('names the missing action and what to do when a role is missing', () => {
    const message =
      "The client 'a' with object id 'b' does not have authorization to perform action 'Microsoft.MachineLearningServices/workspaces/jobs/write' over scope '/subscriptions/s' or the scope is invalid.";
    const error = azureError('PUT u', {
      status: 403,
      headers,
      body: { error: { code: 'AuthorizationFailed', message } },
    });
    assert.match(
      error.advice ?? '',
      /a role with the action Microsoft\.MachineLearningServices\/workspaces\/jobs\/write/,
    );
  });

  it('reads the envelopes of tracking, OAuth, registry and Kubernetes', () => {
    const cases: [unknown, string][] = [
      [
        { Error: { Code: 'UserError', Message: 'MaxResults must be less than 1000.' }, error_code: 'BAD_REQUEST' },
        'UserError: MaxResults must be less than 1000.',
      ],
      [
        { error: 'invalid_client', error_description: 'AADSTS7000215: wrong secret' },
        'invalid_client: AADSTS7000215: wrong secret',
      ],
      [
        { errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest tagged by "x" is not found' }] },
        'MANIFEST_UNKNOWN: manifest tagged by "x" is not found',
      ],
      [
        { kind: 'Status', reason: 'Forbidden', message: 'deployments is forbidden' },
        'Forbidden: deployments is forbidden',
      ],
      ['<html>Bad gateway</html>', ': <html>Bad gateway</html>'],
      [undefined, ': no explanation in the answer'],
    ];
    for (const [body, expected] of cases) {
      assert.equal(azureError('GET u', { status: 418, headers: {}, body }).message, `GET u answered 418 ${expected}`);
    }
  });
});
