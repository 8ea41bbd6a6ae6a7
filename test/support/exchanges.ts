import { readFileSync } from 'node:fs';
import type { Exchange, LocalAzure } from '../../local/azure';
import { hasContracts } from './contracts';
import { createJudge, describeProblems, type Judge } from './judge';

/** Looks at everything that goes between tasks and the local Azure, and says at the end what was wrong with it. */
export interface ExchangeWatch {
  /** One line for each objection; empty when there is none. The folder of the stand-in must still be there. */
  objections(): Promise<string[]>;
}

let judge: Promise<Judge | undefined> | undefined;
let hasSaid = false;

/**
 * Keeps every exchange with Resource Manager and holds it, when the tests are over, against the official documents: in
 * this process judging takes time that the stand-in needs. Beyond that the stand-in must know every route it is asked
 * for, and must not fail by itself.
 */
export function watchExchanges(azure: Pick<LocalAzure, 'onExchange' | 'logFile'>): ExchangeWatch {
  const kept = new Map<string, Exchange>();
  const end = azure.onExchange((exchange) => {
    const { pathname } = new URL(exchange.url);
    // What a test planned is no answer of the stand-in; without a status there was none.
    const counts = exchange.planned !== true && exchange.status !== 0;
    if (counts && /^\/subscriptions\//i.test(pathname)) kept.set(keyOf(exchange, pathname), exchange);
  });
  return {
    async objections() {
      end();
      return [...notes(azure.logFile), ...(await judged([...kept.values()]))];
    },
  };
}

/** Polls that see the same twice need one judgement. */
function keyOf({ method, status, requestBody, responseBody }: Exchange, pathname: string): string {
  return [method, pathname, status, requestBody.toString('base64'), responseBody.toString('base64')].join(' ');
}

/** What the stand-in itself noted in its log of requests: a route it does not have, an error of its own. */
function notes(logFile: string): string[] {
  return readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"note":'))
    .map((line) => `the stand-in noted: ${line}`);
}

async function judged(exchanges: Exchange[]): Promise<string[]> {
  if (!hasContracts('azure', 'specification')) {
    if (!hasSaid)
      process.stdout.write('    the contracts are not beside the repository: calls of Azure are not judged\n');
    hasSaid = true;
    return [];
  }
  judge ??= createJudge();
  const found: string[] = [];
  for (const exchange of exchanges) {
    const problems = (await (await judge)?.check(exchange)) ?? [];
    found.push(...describeProblems(exchange, problems));
  }
  return [...new Set(found)];
}
