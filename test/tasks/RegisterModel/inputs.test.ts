import assert from 'node:assert/strict';
import { readInputs } from '../../../tasks/RegisterModel/inputs';
import { FakeAgent } from '../../support/fake-agent';

const common = {
  azureSubscription: 'id',
  resourceGroup: 'rg',
  workspace: 'ws',
  modelName: 'churn',
  job: 'j1',
  path: 'model',
};

describe('inputs of RegisterModel', () => {
  it('have defaults', () => {
    assert.deepEqual(readInputs(new FakeAgent({ inputs: common })), {
      modelName: 'churn',
      job: 'j1',
      path: 'model',
      modelType: 'mlflow_model',
      tags: {},
      description: undefined,
      modelCard: undefined,
    });
  });

  it('are taken as given; slashes around the path do not count', () => {
    const inputs = {
      ...common,
      path: './outputs/model/',
      modelType: 'custom_model',
      tags: 'a=b=c\n\n d = e \n',
      description: 'x',
      modelCard: '/repo/MODEL_CARD.md',
    };
    const { path, modelType, tags, description, modelCard } = readInputs(new FakeAgent({ inputs }));
    assert.deepEqual(
      [path, modelType, tags, description, modelCard],
      ['outputs/model', 'custom_model', { a: 'b=c', d: 'e' }, 'x', '/repo/MODEL_CARD.md'],
    );
  });

  const refused: [string, string, RegExp][] = [
    ['modelName', '', /"modelName"/],
    ['modelName', 'a/b', /"modelName" is "a\/b"/],
    ['job', '$(train.jobName)', /"job"/],
    ['job', '-x', /"job"/],
    ['path', '../x', /"path" is "\.\.\/x"/],
    ['path', '/', /"path"/],
    ['path', 'azureml://jobs/x', /"path"/],
    ['path', 'a\\b', /"path"/],
    ['modelType', 'onnx', /"modelType" is "onnx"/],
    ['tags', 'nonsense', /"tags": "nonsense" is not of the form/],
    ['tags', 'a=1\na=2', /names "a" twice/],
  ];
  for (const [name, value, message] of refused) {
    it(`name ${name} when it is ${JSON.stringify(value)}`, () => {
      assert.throws(() => readInputs(new FakeAgent({ inputs: { ...common, [name]: value } })), message);
    });
  }
});
