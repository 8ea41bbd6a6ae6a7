import type { Agent, Outcome } from '../../lib/agent/agent';
import { publishSuites } from '../../lib/agent/junit';
import { leaveEvidence } from '../../lib/agent/leave-evidence';
import type { Http } from '../../lib/azure/http';
import { withoutQuery } from '../../lib/azure/wire';
import { smokeSchema } from '../../lib/evidence/schemas/smoke';
import { sha256Hex } from '../../lib/agent/hash';
import type { SmokeTestEvidence } from '../../lib/evidence/types';
import type { Service } from './authentication';
import type { Expectation } from './expectation';
import type { Inputs } from './inputs';
import type { Problem } from './problem';
import { resultLine, summaryMarkdown, testSuite } from './report';
import type { SmokeRequest } from './requests';
import { Sender, type Patience } from './send';

export interface Collaborators {
  http: Http;
  agent: Agent;
  time?: Patience;
}

/** What came of a request, with a problem that is told twice. */
type RequestResult = Omit<SmokeTestEvidence['requests'][number], 'problem'> & { problem?: Problem };

/** Sends every request, holds the answers against what is expected, and publishes the verdict. */
export async function smokeTest(
  inputs: Inputs,
  service: Service,
  requests: readonly SmokeRequest[],
  expectation: Expectation,
  { http, agent, time }: Collaborators,
): Promise<Outcome> {
  const sender = new Sender(http, service, agent, inputs.startupTimeoutSeconds * 1000, time);
  agent.print(`Testing ${withoutQuery(service.scoringUri)} with ${requests.length} requests.`);
  const results: RequestResult[] = [];
  const answers: unknown[] = [];
  for (const [index, request] of requests.entries()) {
    const exchange = await sender.send(request.body);
    const problem = exchange.problem ?? expectation.problem(index, exchange.answer);
    if (exchange.problem === undefined) answers.push(exchange.answer);
    const { status, latencyMs } = exchange;
    results.push({
      index,
      status,
      latencyMs: latencyMs === undefined ? undefined : milliseconds(latencyMs),
      passed: problem === undefined,
      problem,
    });
    if (problem !== undefined) agent.print(`Request ${index + 1} (line ${request.line}): ${problem.text}`);
    agent.progress(10 + (85 * (index + 1)) / requests.length, `${index + 1} of ${requests.length} requests`);
    // A service that never came up, or turns this step away, will not answer the other requests either.
    if (sender.startupSeconds === undefined) break;
  }
  const common = judge(inputs, service, requests, expectation, results, answers, sender);
  const told = (as: keyof Problem): SmokeTestEvidence => ({
    ...common,
    requests: results.map((result) => ({ ...result, problem: result.problem?.[as] })),
  });
  return publish(agent, told('text'), told('code'));
}

function judge(
  inputs: Inputs,
  service: Service,
  requests: readonly SmokeRequest[],
  expectation: Expectation,
  results: readonly RequestResult[],
  answers: readonly unknown[],
  { startupSeconds = 0, isRefused }: Pick<Sender, 'startupSeconds' | 'isRefused'>,
): Omit<SmokeTestEvidence, 'requests'> {
  const latencies = results.filter((result) => result.passed).map((result) => result.latencyMs ?? 0);
  const p95LatencyMs = percentile95(latencies);
  const problems: string[] = [];
  if (results.length < requests.length) {
    const late = `the service did not come up within ${inputs.startupTimeoutSeconds} s`;
    problems.push(isRefused ? 'the service refused the first request, the others were not sent' : late);
  }
  const overall = expectation.overall(answers);
  if (overall !== undefined) problems.push(overall);
  if (inputs.maxLatencyMs !== undefined && p95LatencyMs !== undefined && p95LatencyMs > inputs.maxLatencyMs) {
    problems.push(`the 95th percentile of the latency is ${p95LatencyMs} ms, allowed are ${inputs.maxLatencyMs} ms`);
  }
  const passed = problems.length === 0 && results.every((result) => result.passed);
  const { target } = inputs;
  return {
    verdict: passed ? 'passed' : 'failed',
    scoringUri: withoutQuery(service.scoringUri),
    endpoint: target.kind === 'endpoint' ? target.endpoint : undefined,
    deployment: target.kind === 'endpoint' ? target.deployment : undefined,
    authentication: service.authentication,
    requestsSha256: sha256Hex(requests.map((request) => `${request.body}\n`).join('')),
    expectation: expectation.description,
    startupSeconds: Number(startupSeconds.toFixed(1)),
    p95LatencyMs,
    maxLatencyMs: inputs.maxLatencyMs,
    sent: results.length,
    planned: requests.length,
    problems,
  };
}

/** @param record what is kept of `body`: the same without a word of the service */
async function publish(agent: Agent, body: SmokeTestEvidence, record: SmokeTestEvidence): Promise<Outcome> {
  agent.print(resultLine(body));
  publishSuites(agent, 'smoke-test', `Smoke test: ${body.endpoint ?? body.scoringUri}`, [testSuite(body)]);
  agent.summary('Smoke test', summaryMarkdown(body));
  agent.output('verdict', body.verdict);
  agent.output('p95LatencyMs', body.p95LatencyMs === undefined ? '' : String(body.p95LatencyMs));
  const environment = agent.variable('Environment.Name');
  const facts = { verdict: body.verdict, environment, p95: body.p95LatencyMs };
  await leaveEvidence(agent, { schema: smokeSchema, name: 'smoke-test', body: record, facts });
  return body.verdict === 'passed'
    ? { result: 'succeeded', message: resultLine(body) }
    : { result: 'failed', message: resultLine(body) };
}

/** Nearest rank: the smallest latency that at least 95 % of the answers do not exceed. */
export function percentile95(latencies: readonly number[]): number | undefined {
  const sorted = [...latencies].sort((left, right) => left - right);
  return sorted[Math.ceil(sorted.length * 0.95) - 1];
}

function milliseconds(value: number): number {
  return Number(value.toFixed(1));
}
