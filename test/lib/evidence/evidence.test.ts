import Ajv2020 from 'ajv/dist/2020';
import assert from 'node:assert/strict';
import path from 'node:path';
import { build } from 'esbuild';
import fc from 'fast-check';
import { canonicalJson } from '../../../lib/evidence/canonical';
import { EvidenceError, type EvidenceSchema } from '../../../lib/evidence/check';
import { evidenceText, type EvidenceKind } from '../../../lib/evidence/evidence';
import { checkEvidence } from '../../../lib/evidence/read';
import { evidenceSchemas, isEvidenceKind } from '../../../lib/evidence/schemas/all';
import { samples } from './samples';

const kinds = Object.keys(evidenceSchemas).filter(isEvidenceKind);
const root = path.resolve(__dirname, '..', '..', '..');

function sampleOf(kind: EvidenceKind): Record<string, unknown> {
  return { kind, ...structuredClone(samples[kind]) };
}

const textOf = <K extends EvidenceKind>(kind: K, schema: EvidenceSchema<K> = evidenceSchemas[kind]): string =>
  evidenceText(schema, samples[kind]);

function refusal(kind: EvidenceKind, value: unknown): string | undefined {
  try {
    checkEvidence(kind, value);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof EvidenceError);
    return error.message;
  }
}

/** Every place in a value: the path of keys to it. */
function places(value: unknown, here: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [here];
  return [here, ...Object.entries(value).flatMap(([key, member]) => places(member, [...here, key]))];
}

/** The value with another one in a place; `undefined` takes the place away. */
function replaced(value: unknown, [key, ...rest]: string[], by: unknown): unknown {
  if (key === undefined) return by;
  const members = Object.entries(value as object).map(([name, member]: [string, unknown]) => [
    name,
    name === key ? replaced(member, rest, by) : member,
  ]);
  return Array.isArray(value) ? members.map(([, member]) => member) : Object.fromEntries(members);
}

describe('evidence', () => {
  for (const kind of kinds) {
    describe(kind, () => {
      it('is written as canonical JSON that carries its kind', () => {
        assert.deepEqual(JSON.parse(textOf(kind)), sampleOf(kind));
        assert.equal(textOf(kind), canonicalJson(sampleOf(kind)));
      });

      it('names the member that is missing, unknown or of another type', () => {
        const record = sampleOf(kind);
        const { required = [] } = evidenceSchemas[kind] as { required?: readonly string[] };
        assert.ok(required.length > 2);
        for (const name of Object.keys(record)) {
          const rest = Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));
          if (required.includes(name)) assert.match(refusal(kind, rest) ?? '', new RegExp(`${kind}.*"${name}"`));
          else assert.equal(refusal(kind, rest), undefined);
          assert.match(refusal(kind, { ...record, [name]: null }) ?? '', new RegExp(`: /${name}: `));
        }
        assert.match(refusal(kind, { ...record, surprise: 1 }) ?? '', /: \/surprise: No such member/);
        for (const value of [null, 'text', [], 1, true, {}]) assert.ok(refusal(kind, value));
      });

      it('is judged as another validator of JSON Schema judges it', () => {
        const judge = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(evidenceSchemas[kind]);
        const record = sampleOf(kind);
        assert.ok(judge(record), JSON.stringify(judge.errors));
        const texts = fc.constantFrom('', 'x', 'NaN', 'a'.repeat(64), `sha256:${'a'.repeat(64)}`, 'x'.repeat(70_000));
        const others = fc.oneof(
          texts,
          fc.jsonValue(),
          fc.double(),
          fc.integer({ min: -3, max: 3 }),
          fc.constant(undefined),
        );
        let refused = 0;
        fc.assert(
          fc.property(fc.constantFrom(...places(record).slice(1)), others, (place, by) => {
            const value = JSON.parse(JSON.stringify(replaced(record, place, by) ?? null)) as unknown;
            const isRefused = refusal(kind, value) !== undefined;
            if (isRefused) refused++;
            assert.equal(isRefused, !judge(value), place.join('/'));
          }),
          { seed: 1, numRuns: 300 },
        );
        assert.ok(refused > 50);
      });
    });
  }

  it('is not written when the body is not what the schema says', () => {
    const body = { ...samples['mlops.package.v1'], digest: 'latest' };
    assert.throws(() => evidenceText(evidenceSchemas['mlops.package.v1'], body), /mlops\.package\.v1: \/digest: /);
  });

  it('keeps its kind whatever the body says', () => {
    const body = { ...samples['mlops.package.v1'], kind: 'mlops.smoke.v1' };
    assert.match(evidenceText(evidenceSchemas['mlops.package.v1'], body), /"kind":"mlops\.package\.v1"/);
  });

  it('writes metrics that are no numbers as texts that readers know', () => {
    const metrics = { mse: NaN, worst: -Infinity };
    const text = evidenceText(evidenceSchemas['mlops.training.v1'], { ...samples['mlops.training.v1'], metrics });
    const record = checkEvidence('mlops.training.v1', JSON.parse(text));
    assert.deepEqual(record.metrics, { mse: 'NaN', worst: '-Infinity' });
  });
});

describe('lib/evidence', () => {
  const bundle = async (contents: string): Promise<string> => {
    const result = await build({
      stdin: { contents, resolveDir: path.join(root, 'lib', 'evidence'), loader: 'ts' },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      logLevel: 'silent',
    });
    return result.outputFiles[0]?.text ?? '';
  };

  it('runs in a page: no module of Node, nothing that a strict content security policy forbids', async () => {
    const modules = ['read', 'evidence', 'manifest', 'index-entry'];
    const text = await bundle(modules.map((name) => `export * from './${name}';`).join('\n'));
    assert.match(text, /mlops\.smoke\.v1/);
    assert.doesNotMatch(text, /\beval\(|new Function\b|\brequire\(/);
  });

  it('gives a task that writes one kind the schema of that kind only', async () => {
    const text = await bundle(
      `import { evidenceText } from './evidence'; import { packageSchema } from './schemas/package';
       console.log(evidenceText(packageSchema, JSON.parse('{}')));`,
    );
    const found = new Set([...text.matchAll(/mlops\.[a-z-]+\.v1/g)].map(([kind]) => kind));
    assert.deepEqual([...found], ['mlops.package.v1']);
  });
});
