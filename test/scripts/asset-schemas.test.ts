import { Ajv2020 } from 'ajv/dist/2020';
import assert from 'node:assert/strict';
import path from 'node:path';
import { readAssetFile } from '../../lib/assets/document';
import { kinds } from '../../lib/assets/kinds/all';
import type { Kind } from '../../lib/assets/kinds/kind';
import { list, mapOf, union, isMap, isText } from '../../lib/assets/shape/collections';
import { optional, record, required } from '../../lib/assets/shape/record';
import { plainData, text, word } from '../../lib/assets/shape/scalars';
import { lazy, type Shape } from '../../lib/assets/shape/shape';
import { assetSchema } from '../../scripts/asset-schemas';
import { schemaDocument } from '../../scripts/schema-document';
import { corpus, expectedFiles, setLinesOf, workspaceId } from '../lib/assets/corpus';
import { hasContracts } from '../support/contracts';

/** Editors read a few hundred kilobytes without delay. */
const largestSchema = 300_000;

/** The content of a file as a validator sees it: a float is a number. */
async function contentOf(file: string, set: readonly string[] = []): Promise<unknown> {
  const { reader } = await readAssetFile(file, set, workspaceId);
  return JSON.parse(JSON.stringify(plainData(reader)));
}

const validators = new Map<string, Validate>();

/** Compiling the largest takes a second. */
function validatorOfKind(kind: Kind): Validate {
  const known = validators.get(kind.name) ?? validatorOf(assetSchema(kind));
  validators.set(kind.name, known);
  return known;
}

type Validate = (content: unknown) => string[];

function validatorOf(schema: Record<string, unknown>): Validate {
  const ajv = new Ajv2020({
    strict: true,
    strictTypes: false,
    strictRequired: false,
    allErrors: false,
    unicodeRegExp: true,
  });
  const validate = ajv.compile(schema);
  return (content) =>
    validate(content) ? [] : (validate.errors ?? []).map((one) => `${one.instancePath} ${one.message ?? ''}`);
}

describe('the schemas of Azure ML files', () => {
  for (const kind of kinds) {
    it(`${kind.schemas[0]} is a valid schema of a moderate size, and knows its keys`, () => {
      const schema = assetSchema(kind);
      assert.ok(JSON.stringify(schema).length < largestSchema);
      const validate = validatorOfKind(kind);
      assert.notDeepEqual(validate('text'), []);
      assert.notDeepEqual(validate([]), []);
    });
  }

  it('names what is used twice and what contains itself', () => {
    const tree: Shape = lazy(() =>
      record({ name: required(text), children: optional(list(tree)), also: optional(mapOf(long)) }),
    );
    const long: Shape = record({
      a_rather_long_name_for_a_key: optional(text),
      another_rather_long_name_for_a_key: optional(text),
      kind: optional(word({ one: 'One', two_three: 'TwoThree' })),
    });
    const document = schemaDocument(
      record({ first: optional(long), second: optional(long), tree: optional(tree) }).schema(),
    );
    assert.deepEqual(Object.keys(document['$defs'] as object), ['first', 'recursive1']);
    const validate = validatorOf(document);
    assert.deepEqual(
      validate({ tree: { name: 'a', children: [{ name: 'b' }], also: { x: { kind: 'TWO-three' } } } }),
      [],
    );
    assert.notDeepEqual(validate({ tree: { name: 'a', children: [{}] } }), []);
    assert.notDeepEqual(validate({ second: { kind: 'four' } }), []);
  });

  it('lets a form of a union stand where it is meant', () => {
    const either = union<unknown>('text or a map', [
      { when: isText, shape: text },
      { when: isMap, shape: record({ path: required(text) }) },
    ]);
    const validate = validatorOf(schemaDocument(either.schema()));
    assert.deepEqual([validate('a'), validate({ path: 'a' })], [[], []]);
    assert.notDeepEqual(validate({ pth: 'a' }), []);
  });

  if (!hasContracts('aml-files')) {
    it('the recorded files (../shared/contracts/aml-files) are not beside the repository: no file is validated');
    return;
  }
  const files = expectedFiles().filter(({ calls }) => calls);

  for (const kind of kinds) {
    it(`${kind.schemas[0]} accepts every file of the kind, and none with an unknown key`, async () => {
      const validate = validatorOfKind(kind);
      for (const expected of files.filter((one) => one.kind === kind.name)) {
        const content = await contentOf(path.join(corpus, 'files', expected.file), setLinesOf(expected));
        assert.deepEqual(validate(content), [], expected.file);
        // Components carry unknown keys along, as with the other clients.
        if (kind.name.endsWith('component')) continue;
        assert.notDeepEqual(validate({ ...(content as object), no_such_key: 1 }), [], expected.file);
      }
    });
  }
});
