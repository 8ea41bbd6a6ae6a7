import { XMLParser } from 'fast-xml-parser';

import type { TestRun } from './server';

type Test = TestRun['tests'][number];
type Node = Record<string, unknown>;

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  textNodeName: '#text',
  parseAttributeValue: false,
  parseTagValue: false,
  processEntities: true,
  isArray: (name) => ['testsuite', 'testcase', 'failure', 'error', 'skipped'].includes(name),
});

/**
 * Reads a JUnit result file: nested suites, failures, errors, skipped tests, times in seconds.
 * @throws Error when the text holds no suite.
 */
export function readJUnit(xml: string): Test[] {
  const document = asNode(parser.parse(xml));
  const root = document['testsuites'] === undefined ? document : asNode(document['testsuites']);
  const suites = children(root, 'testsuite');
  if (suites.length === 0 && document['testsuites'] === undefined) throw new Error('There is no testsuite element.');
  return suites.flatMap((suite) => readSuite(suite));
}

function readSuite(suite: Node): Test[] {
  const name = attribute(suite, 'name');
  const own = children(suite, 'testcase').map((testcase) => readTest(name, testcase));
  return [...own, ...children(suite, 'testsuite').flatMap((nested) => readSuite(nested))];
}

function readTest(suite: string, testcase: Node): Test {
  const failures = [...children(testcase, 'failure'), ...children(testcase, 'error')];
  const skipped = children(testcase, 'skipped').length > 0;
  const seconds = Number(attribute(testcase, 'time').replaceAll(',', ''));
  const test: Test = {
    suite: suite === '' ? attribute(testcase, 'classname') : suite,
    name: attribute(testcase, 'name'),
    outcome: failures.length > 0 ? 'Failed' : skipped ? 'NotExecuted' : 'Passed',
    durationMs: Number.isFinite(seconds) ? Math.round(seconds * 1000) : 0,
  };
  const message = failures
    .map((failure) => failureText(failure))
    .filter((text) => text !== '')
    .join('\n');
  return message === '' ? test : { ...test, message };
}

function failureText(failure: Node): string {
  const text = failure['#text'];
  const body = typeof text === 'string' ? text.trim() : '';
  return [attribute(failure, 'message'), body].filter((part) => part !== '').join('\n');
}

function children(node: Node, name: string): Node[] {
  const value = node[name];
  return Array.isArray(value) ? value.map((child) => asNode(child)) : [];
}

/** An element without attributes is parsed to its text. */
function asNode(value: unknown): Node {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  return { '#text': typeof value === 'string' ? value : '' };
}

function attribute(node: Node, name: string): string {
  const value = node[`@${name}`];
  return typeof value === 'string' ? value : '';
}
