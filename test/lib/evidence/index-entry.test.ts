import assert from 'node:assert/strict';
import { indexProperty, modelTag } from '../../../lib/evidence/index-entry';
import { evidenceSchemas, isEvidenceKind } from '../../../lib/evidence/schemas/all';

describe('the index of a run', () => {
  it('has a property of its own for each kind', () => {
    const properties = Object.keys(evidenceSchemas).filter(isEvidenceKind).map(indexProperty);
    assert.deepEqual(properties.sort(), [
      'mlops.v1.data-sanity',
      'mlops.v1.deployment',
      'mlops.v1.evaluation',
      'mlops.v1.model-version',
      'mlops.v1.package',
      'mlops.v1.smoke',
      'mlops.v1.training',
    ]);
  });

  it('names a model in tags by eight digits only', () => {
    assert.equal(modelTag('3f9a01bc'.padEnd(64, '0')), 'mlops.m.3f9a01bc');
  });
});
