import type { TestSuite } from '../../lib/agent/junit';
import { markdownTable, markdownText } from '../../lib/agent/markdown';
import type { SmokeTestEvidence } from '../../lib/evidence/types';

/** The verdict in one line. */
export function resultLine(body: SmokeTestEvidence): string {
  const good = body.requests.filter((request) => request.passed).length;
  const speed = body.p95LatencyMs === undefined ? '' : `, 95th percentile ${body.p95LatencyMs} ms`;
  const first = body.requests.find((request) => !request.passed);
  const why = [...body.problems, ...(first?.problem ? [`request ${first.index + 1}: ${first.problem}`] : [])];
  const tail = why.length === 0 ? '' : `: ${why.join('; ')}`;
  return `Smoke test ${body.verdict}: ${good} of ${body.planned} requests answered as expected${speed}${tail}`;
}

/** One case a request, and one for each thing that concerns all of them. */
export function testSuite(body: SmokeTestEvidence): TestSuite {
  const className = body.deployment ? `${body.endpoint ?? ''}.${body.deployment}` : (body.endpoint ?? 'service');
  const cases = body.requests.map((request) => ({
    className,
    name: `request ${request.index + 1}`,
    seconds: (request.latencyMs ?? 0) / 1000,
    failure: request.problem === undefined ? undefined : { message: request.problem },
  }));
  const rest = Array.from({ length: body.planned - body.sent }, (_, index) => ({
    className,
    name: `request ${body.sent + index + 1}`,
    skipped: 'not sent: the first request was not answered',
  }));
  const overall = body.problems.map((problem, index) => ({
    className,
    name: `all requests, ${index + 1}`,
    failure: { message: problem },
  }));
  return { name: 'smoke test', cases: [...cases, ...rest, ...overall] };
}

export function summaryMarkdown(body: SmokeTestEvidence): string {
  const where = body.endpoint
    ? `endpoint ${body.endpoint}${body.deployment ? `, deployment ${body.deployment}` : ''}`
    : body.scoringUri;
  const parts = [
    `### Smoke test: ${body.verdict}`,
    markdownText(
      `${resultLine(body)} (${where}; expected: ${body.expectation}; came up after ${body.startupSeconds} s)`,
    ),
  ];
  const failed = body.requests.filter((request) => !request.passed).slice(0, 20);
  if (failed.length > 0) {
    parts.push(
      markdownTable(
        ['request', 'status', 'problem'],
        failed.map((request) => [String(request.index + 1), String(request.status ?? ''), request.problem ?? '']),
      ),
    );
  }
  return `${parts.join('\n\n')}\n`;
}
