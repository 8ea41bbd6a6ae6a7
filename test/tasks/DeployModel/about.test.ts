import assert from 'node:assert/strict';
import fc from 'fast-check';
import { canonicalJson } from '../../../lib/evidence/canonical';
import type { EvidenceBodies, EvidenceKind } from '../../../lib/evidence/types';
import {
  aboutOf,
  intendedInWords,
  inWords,
  isAbout,
  notAbout,
  type About,
  type Intended,
} from '../../../tasks/DeployModel/about';
import { samples } from '../../lib/evidence/samples';

function bytes<K extends EvidenceKind>(kind: K, body: EvidenceBodies[K] = samples[kind]): Buffer {
  return Buffer.from(canonicalJson({ ...body, kind }));
}

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const version = (name: string, number: string): Intended & { kind: 'model' } => ({
  kind: 'model',
  name,
  version: number,
});

describe('what a record is about', () => {
  const { image, model } = samples['mlops.package.v1'];

  it('is its model version, its image, or both', () => {
    assert.deepEqual(aboutOf('mlops.model-version.v1', bytes('mlops.model-version.v1')), { model });
    assert.deepEqual(aboutOf('mlops.package.v1', bytes('mlops.package.v1')), { model, image });
    const deployed = { target: 'aks', name: 'a', scoringUri: 'http://a' } as const;
    const about = (more: Partial<EvidenceBodies['mlops.deployment.v1']>) =>
      aboutOf('mlops.deployment.v1', bytes('mlops.deployment.v1', { ...deployed, ...more }));
    assert.deepEqual(about({ image }), { model: undefined, image });
    assert.deepEqual(about({ model }), { model, image: undefined });
    assert.equal(about({}), undefined);
  });

  it('is nothing where nothing was made or deployed, whatever it mentions', () => {
    for (const kind of [
      'mlops.data-sanity.v1',
      'mlops.training.v1',
      'mlops.evaluation.v1',
      'mlops.smoke.v1',
    ] as const) {
      assert.equal(aboutOf(kind, bytes(kind)), undefined);
    }
  });

  it('is nothing when the record is not what the hub shows as one', () => {
    const text = bytes('mlops.package.v1').toString();
    const odd = ['', 'no JSON', '{}', 'null', text.replace('{', '{ '), text.replace('"model"', '"other"')];
    for (const one of odd) assert.equal(aboutOf('mlops.package.v1', Buffer.from(one)), undefined, one);
    assert.equal(aboutOf('mlops.model-version.v1', Buffer.from(text)), undefined);
    assert.equal(aboutOf('mlops.package.v2', Buffer.from(text)), undefined);
    // Not UTF-8: the hub does not show it, so nobody can have approved what it names.
    const spoiled = bytes('mlops.package.v1');
    spoiled[spoiled.indexOf('python:3.11')] = 0xff;
    assert.equal(aboutOf('mlops.package.v1', spoiled), undefined);
  });
});

describe('what is deployed', () => {
  const name = fc.constantFrom('churn', 'diabetes');
  const number = fc.constantFrom('1', '5', '17');
  const model = fc.record({ name, version: number });
  const image = fc
    .tuple(
      fc.constantFrom('a.azurecr.io/m', 'b.azurecr.io/m'),
      fc.constantFrom('@' + digest('1'), '@' + digest('2'), ':1'),
    )
    .map((parts) => parts.join(''));
  const about: fc.Arbitrary<About> = fc.record({
    model: fc.option(model, { nil: undefined }),
    image: fc.option(image, { nil: undefined }),
  });

  it('is in the evidence as a model when name and version are the same, and only then', () => {
    fc.assert(
      fc.property(about, model, (one, wanted) => {
        const isSame = one.model?.name === wanted.name && one.model.version === wanted.version;
        assert.equal(isAbout(one, { kind: 'model', ...wanted }), isSame);
      }),
    );
  });

  it('is not in the evidence as a model of another workspace or registry, in whatever case the ids are written', () => {
    const id = (place: string) =>
      `/subscriptions/s/resourceGroups/g/providers/p/workspaces/${place}/models/churn/versions/17`;
    const churn = { name: 'churn', version: '17' };
    const named: About = { model: { ...churn, id: id('w') } };
    const same = (other?: string) => isAbout(named, { kind: 'model', ...churn, id: other });
    assert.ok(same() && same(id('w')) && same(id('W').toUpperCase()));
    assert.ok(!same(id('other')) && !same('azureml://registries/w/models/churn/versions/17'));
    assert.match(inWords([named]), /^model churn version 17 of workspace w$/);
    // What a pipeline states for an image, without an id, does not stand in for the record that has one.
    const stated: About = { model: churn, image: 'r.io/m:1' };
    assert.equal(notAbout([named, stated], { kind: 'model', ...churn, id: id('w') }), undefined);
    assert.deepEqual(notAbout([named, stated], { kind: 'model', ...churn, id: id('other') })?.named, [named, stated]);
    assert.equal(notAbout([stated], { kind: 'model', ...churn, id: id('w') }), undefined);
    assert.ok(notAbout([stated], { kind: 'model', ...churn, id: id('other'), isElsewhere: true }));
    // An image holds what was packaged; where that is registered is no matter.
    const image = `r.io/m@${digest('1')}`;
    assert.ok(isAbout({ ...named, image }, { kind: 'image', image, model: { ...churn, id: id('other') } }));
  });

  it('is in the evidence as an image when the digest is the same, in any registry, and only then', () => {
    fc.assert(
      fc.property(about, image, (one, wanted) => {
        const [digests, texts] = [
          [one.image?.split('@')[1], wanted.split('@')[1]],
          [one.image, wanted],
        ];
        const [left, right] = digests[0] !== undefined && digests[1] !== undefined ? digests : texts;
        assert.equal(isAbout(one, { kind: 'image', image: wanted }), left === right);
      }),
    );
  });

  it('is not in the evidence by the model that a pipeline states for another image', () => {
    const stated = { name: 'churn', version: '17' };
    const record = { model: stated, image: `r.azurecr.io/m@${digest('1')}` };
    const wanted = (digit: string, holds = stated): Intended => ({
      kind: 'image',
      image: `r.azurecr.io/m@${digest(digit)}`,
      model: holds,
    });
    assert.ok(isAbout(record, wanted('1')));
    assert.ok(!isAbout(record, wanted('2')));
    assert.ok(!isAbout({ model: stated }, wanted('1')));
    assert.ok(!isAbout(record, wanted('1', { name: 'churn', version: '5' })));
    assert.ok(isAbout({ image: record.image }, wanted('1')));
  });

  it('is in no evidence when nothing names it', () => {
    fc.assert(fc.property(about, (one) => !isAbout(one, { kind: 'unnamed', what: 'a file' })));
  });

  it('of the example is in the evidence of its stages', () => {
    const made = `registry.azurecr.io/diabetes@${digest('1')}`;
    const stated = { name: 'diabetes', version: '1' };
    const records: About[] = [{ model: stated }, { model: stated, image: made }];
    assert.ok(records.some((one) => isAbout(one, version('diabetes', '1'))));
    assert.ok(records.some((one) => isAbout(one, { kind: 'image', image: made, model: stated })));
    assert.ok(!records.some((one) => isAbout(one, version('diabetes', '2'))));
  });
});

describe('words for what evidence is about', () => {
  it('name each thing once', () => {
    const one = { model: { name: 'churn', version: '17' } };
    assert.equal(inWords([]), 'no model version or image at all');
    assert.equal(inWords([one, one]), 'model churn version 17');
    assert.equal(
      inWords([{ ...one, image: 'r/m:1' }, { image: 'r/m:2' }]),
      'image r/m:1 (model churn version 17); image r/m:2',
    );
    assert.equal(intendedInWords(version('churn', '5')), 'model churn version 5');
    assert.equal(intendedInWords({ kind: 'image', image: 'r/m:2' }), 'image r/m:2');
  });

  it('do not fill the message', () => {
    const many = Array.from({ length: 30 }, (_, index) => ({ model: { name: 'm', version: String(index) } }));
    assert.match(inWords(many), / and 25 more$/);
  });
});
