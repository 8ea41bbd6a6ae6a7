import assert from 'node:assert/strict';
import fc from 'fast-check';
import { XMLParser } from 'fast-xml-parser';
import { junitXml, publishSuites } from '../../../lib/agent/junit';
import { FakeAgent } from '../../support/fake-agent';

describe('JUnit', () => {
  it('counts cases, failures and skipped ones', () => {
    const xml = junitXml([
      {
        name: 's',
        cases: [
          { name: 'a', className: 'c', seconds: 0.25 },
          { name: 'b', className: 'c', failure: { message: 'm', text: 't' } },
          { name: 'd', className: 'c', skipped: 'why' },
        ],
      },
    ]);
    assert.match(xml, /<testsuite name="s" tests="3" failures="1" errors="0" skipped="1" time="0\.250">/);
    assert.match(xml, /<failure message="m" type="failure">t<\/failure>/);
    assert.match(xml, /<skipped message="why"\/>/);
  });

  it('stays XML and keeps its text, whatever it holds', () => {
    const parser = new XMLParser({
      ignoreAttributes: false,
      parseAttributeValue: false,
      trimValues: false,
      htmlEntities: true,
    });
    const nameOf = (text: string): unknown => {
      const xml = junitXml([{ name: 's', cases: [{ name: `[${text}]`, className: 'c' }] }]);
      const parsed = parser.parse(xml) as { testsuites: { testsuite: { testcase: Record<string, unknown> } } };
      return parsed.testsuites.testsuite.testcase['@_name'];
    };
    const unit = fc.constantFrom('<', '>', '&', '"', "'", ']]>', '&amp;', '\n', '\t', 'ä', '👍', 'a');
    fc.assert(
      fc.property(fc.string({ unit }), (text) => assert.equal(nameOf(text), `[${text}]`)),
      { seed: 1 },
    );
    // XML has no spelling for these: a reader would refuse the whole file.
    assert.equal(nameOf('\u0000\u001b\ud800\uffff'), '[\ufffd\ufffd\ufffd\ufffd]');
  });

  it('goes through the attachment, where secrets are redacted', () => {
    const agent = new FakeAgent();
    publishSuites(agent, 'smoke', 'Smoke', [{ name: 's', cases: [] }]);
    assert.deepEqual(agent.testRuns, [{ file: agent.attachments[0]?.file, title: 'Smoke' }]);
  });
});
