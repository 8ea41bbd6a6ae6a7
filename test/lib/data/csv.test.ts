import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CsvParser, type CsvRecord } from '../../../lib/data/csv';

function parse(pieces: readonly string[]): CsvRecord[] {
  const records: CsvRecord[] = [];
  const parser = new CsvParser('test.csv', (record) => records.push(record));
  for (const piece of pieces) parser.push(piece);
  parser.end();
  return records;
}

const field = fc.string({ unit: fc.constantFrom('a', 'b', ',', '"', '\n', '\r', ' ', 'ä', '👍'), maxLength: 6 });
const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 });

function write(table: readonly (readonly string[])[], end: string): string {
  return table.map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(',') + end).join('');
}

describe('CSV', () => {
  it('reads back what RFC 4180 writes, wherever the text is cut', () => {
    fc.assert(
      fc.property(rows, fc.constantFrom('\n', '\r\n'), fc.array(fc.nat(200), { maxLength: 5 }), (table, end, cuts) => {
        const text = write(table, end);
        const places = [
          0,
          ...cuts.map((cut) => cut % (text.length + 1)).sort((left, right) => left - right),
          text.length,
        ];
        const pieces = places.slice(1).map((place, index) => text.slice(places[index], place));
        const records = parse(pieces);
        assert.deepEqual(
          records.map((record) => record.fields),
          table,
        );
        assert.ok(records.every((record) => !record.malformed));
        assert.deepEqual(records, parse([text]));
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('gives every cut of any text the same records', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r'), maxLength: 30 });
    fc.assert(
      fc.property(text, fc.nat(30), (content, cut) => {
        const place = cut % (content.length + 1);
        assert.deepEqual(parse([content.slice(0, place), content.slice(place)]), parse([content]));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it('counts lines through quoted line breaks', () => {
    assert.deepEqual(
      parse(['a,"1\n2\n3"\nb,2']).map((record) => record.line),
      [1, 4],
    );
  });

  it('refuses a record that would not fit into memory', () => {
    const parser = new CsvParser('test.csv', () => undefined);
    parser.push('a,b\n"');
    assert.throws(() => {
      for (let index = 0; index < 6; index++) parser.push('x'.repeat(1024 * 1024));
    }, /test\.csv:2: .*Mi?|longer/);
  });
});
