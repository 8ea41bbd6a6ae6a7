import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { contracts } from './contracts';
import type { Seen } from './fake-azure';

/**
 * What the official swagger of Azure Machine Learning (2024-10-01) says against the ARM requests among `seen`; empty when
 * it agrees with all.
 */
export function swaggerObjections(
  seen: readonly Pick<Seen, 'method' | 'path' | 'query' | 'body' | 'host'>[],
): string[] {
  const requests = seen
    .filter((entry) => entry.host === 'management.azure.com')
    .map(({ method, path: at, query, body, host }) => ({
      method,
      url: `https://${host}${at}?${new URLSearchParams(query).toString()}`,
      query,
      body,
      headers: { 'content-type': 'application/json' },
    }));
  assert.ok(requests.length > 0, 'there are requests to judge');
  const judge = spawnSync(
    process.execPath,
    [path.join(__dirname, 'oav-judge.mjs'), path.join(contracts, 'azure', 'specification')],
    {
      input: JSON.stringify(requests),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  assert.equal(judge.status, 0, judge.stderr);
  const verdicts = JSON.parse(judge.stdout) as string[][];
  return verdicts.flatMap((why, index) =>
    why.length === 0 ? [] : [`${requests[index]?.method} ${requests[index]?.url}: ${why.join('; ')}`],
  );
}
