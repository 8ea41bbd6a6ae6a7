import assert from 'node:assert/strict';
import { sha256Hex } from '../../../lib/agent/hash';
import { report } from '../../../tasks/DeployModel/report';
import { FakeAgent } from '../../support/fake-agent';

describe('evidence of a deployment', () => {
  const variables = { 'Build.BuildId': '812', 'System.StageName': 'deploy', 'Environment.Name': 'churn-prod' };
  const approval = {
    id: '7e90b9f7-f3f8-4548-a108-8b80c0fa80e7',
    evidenceSha256: 'a'.repeat(64),
    decidedBy: [{ id: 'id-bob', displayName: 'Bob' }],
    decidedOn: '2026-11-20T10:05:00.000Z',
    bound: true,
  };

  it('says what serves, in which environment, and who let it in', async () => {
    const agent = new FakeAgent({ variables });
    const deployed = {
      ...{ target: 'containerInstance' as const, name: 'churn', deploymentName: 'churn', isNew: true },
      ...{ scoringUri: 'http://10.0.0.4:5001/score', model: { name: 'churn', version: '7' } },
      ...{ place: '/subscriptions/s/containerGroups/churn', image: `r.io/churn@sha256:${'1'.repeat(64)}` },
      ...{ trafficBefore: { churn: 100 }, traffic: { churn: 100 } },
    };
    await report(agent, deployed, approval);
    assert.deepEqual(JSON.parse(agent.attachments[0]?.content ?? ''), {
      ...{ kind: 'mlops.deployment.v1', target: 'containerInstance', name: 'churn', environment: 'churn-prod' },
      ...{ scoringUri: deployed.scoringUri, place: deployed.place, image: deployed.image, model: deployed.model },
      ...{ trafficBefore: deployed.trafficBefore, traffic: deployed.traffic, approval },
    });
    assert.deepEqual(agent.tags, ['mlops', 'mlops.deploy', `mlops.m.${sha256Hex('churn').slice(0, 8)}`]);
    assert.equal(agent.outputs['scoringUri'], deployed.scoringUri);
  });
});
