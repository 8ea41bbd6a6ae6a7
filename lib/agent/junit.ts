import type { Agent } from './agent';

/** A JUnit test suite. Times in seconds. */
export interface TestSuite {
  name: string;
  cases: TestCase[];
}

export interface TestCase {
  name: string;
  /** Groups cases, for example a table and column. */
  className: string;
  seconds?: number;
  /** Present when the case failed. */
  failure?: { message: string; text?: string };
  /** Present when the case was not run, with the reason. */
  skipped?: string;
  output?: string;
}

/** JUnit XML as the agent's reader takes it (azure-pipelines-agent, JUnitResultReader.cs): `testsuites/testsuite/testcase`. */
export function junitXml(suites: readonly TestSuite[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.map(suiteXml).join('')}</testsuites>\n`;
}

/**
 * Attaches the suites to the step and publishes them as a test run. The file goes through `attach`, because that is where
 * secrets are redacted.
 */
export function publishSuites(agent: Agent, name: string, title: string, suites: readonly TestSuite[]): void {
  agent.publishTests(agent.attach('mlops.junit', `${name}.xml`, junitXml(suites)), title);
}

function suiteXml(suite: TestSuite): string {
  const count = (test: (entry: TestCase) => boolean): string => String(suite.cases.filter(test).length);
  const attributes = {
    name: suite.name,
    tests: String(suite.cases.length),
    failures: count((entry) => entry.failure !== undefined),
    errors: '0',
    skipped: count((entry) => entry.skipped !== undefined),
    time: seconds(suite.cases.reduce((total, entry) => total + (entry.seconds ?? 0), 0)),
  };
  return `  <testsuite${attributesXml(attributes)}>\n${suite.cases.map(caseXml).join('')}  </testsuite>\n`;
}

function caseXml(entry: TestCase): string {
  const attributes = { name: entry.name, classname: entry.className, time: seconds(entry.seconds ?? 0) };
  const children: string[] = [];
  if (entry.failure) {
    const { message, text } = entry.failure;
    children.push(`<failure${attributesXml({ message, type: 'failure' })}>${escapeXml(text ?? message)}</failure>`);
  }
  if (entry.skipped !== undefined) children.push(`<skipped${attributesXml({ message: entry.skipped })}/>`);
  if (entry.output !== undefined) children.push(`<system-out>${escapeXml(entry.output)}</system-out>`);
  const head = `    <testcase${attributesXml(attributes)}`;
  return children.length === 0 ? `${head}/>\n` : `${head}>${children.join('')}</testcase>\n`;
}

function attributesXml(attributes: Record<string, string>): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escapeXml(value)}"`)
    .join('');
}

function seconds(value: number): string {
  return value.toFixed(3);
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

// What XML 1.0 has no characters for, not even escaped; a reader refuses the whole file.
const impossible = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

function escapeXml(text: string): string {
  return text
    .replace(impossible, '\uFFFD')
    .replace(/[&<>"']/g, (character) => entities[character] ?? character)
    .replace(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}
