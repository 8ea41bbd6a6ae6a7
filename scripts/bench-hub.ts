import type { Request } from 'playwright-core';
import { HubStage } from '../test/support/hub-stage';

/**
 * What the first paint of Models costs in a browser with nothing cached: the time from the navigation of the page around the hub to the
 * first row of the table, the requests to REST that began before it, the bytes of scripts and styles. With 1,000 model versions over
 * 1,200 runs, and over 10,000. A broken limit fails the command.
 */
const loads = 9;
const looks = 3;
const limits = { requests: 3, kilobytes: 250, seconds: 1.5, growth: 0.1 };
const versions = 1_000;
/** The fewest that the generator needs for so many versions. */
const few = 1_200;
const many = 10_000;

interface Load {
  seconds: number;
  requests: number;
  bytes: number;
}

/** Notes, in each frame, when the first row is in the document, and when it has been painted. */
const watch = `new MutationObserver((_, observer) => {
  if (!document.querySelector('.models-table tbody tr')) return;
  observer.disconnect();
  const now = () => performance.timeOrigin + performance.now();
  globalThis.rows = { inserted: now() };
  requestAnimationFrame(() => setTimeout(() => { globalThis.rows.painted = now(); }));
}).observe(document, { childList: true, subtree: true })`;

/** A load in a context of its own, which has no cache. */
async function load(stage: HubStage): Promise<Load> {
  const tab = await stage.newTab();
  const asked: Request[] = [];
  tab.page.on('request', (request) => asked.push(request));
  await tab.page.addInitScript(watch);
  const begun = Date.now();
  await tab.page.goto(stage.address({ user: 'ben', query: { view: 'models' } }));
  await tab.ready();
  await tab.until('globalThis.rows?.painted');
  const inserted = Number(await tab.frame.evaluate('globalThis.rows.inserted'));
  const painted = Number(await tab.frame.evaluate('globalThis.rows.painted'));
  // What begins once the row is there is for something else. A request that has not begun has no time.
  const before = asked.filter((request) => {
    const { startTime } = request.timing();
    return startTime > 0 && startTime < inserted;
  });
  const sizes = await Promise.all(
    before
      .filter((request) => request.url().startsWith(stage.host.assetsUrl) && /\.(js|css)$/.test(request.url()))
      .map(async (request) => (await request.sizes()).responseBodySize),
  );
  const requests = before.filter(
    (request) => request.url().startsWith(stage.devops.url) && request.method() !== 'OPTIONS',
  );
  await tab.close();
  return {
    seconds: (painted - begun) / 1000,
    requests: requests.length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}

function median(values: number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[middle - 1] ?? 0, sorted[middle] ?? 0];
  return sorted.length % 2 ? high : (low + high) / 2;
}

interface Figures {
  seconds: number;
  requests: number;
  kilobytes: number;
}

function figures(measured: Load[]): Figures {
  return {
    seconds: median(measured.map(({ seconds }) => seconds)),
    requests: Math.max(...measured.map(({ requests }) => requests)),
    kilobytes: Math.max(...measured.map(({ bytes }) => bytes)) / 1024,
  };
}

/** One after the other in turn, so that whatever else the machine does meets both. */
async function measure(stages: readonly HubStage[]): Promise<Figures[]> {
  const measured = stages.map((): Load[] => []);
  for (const stage of stages) await load(stage);
  for (let round = 0; round < loads; round += 1)
    for (const [index, stage] of stages.entries()) measured[index]?.push(await load(stage));
  return measured.map(figures);
}

function broken([small, large]: Figures[]): string[] {
  if (!small || !large) return ['nothing was measured'];
  const growth = large.seconds / small.seconds - 1;
  const rules: [name: string, value: number, limit: number, unit: string][] = [
    ['REST requests before the first row', Math.max(small.requests, large.requests), limits.requests, ''],
    ['JS and CSS, gzipped', Math.max(small.kilobytes, large.kilobytes), limits.kilobytes, ' KB'],
    [`first row, ${few} runs`, small.seconds, limits.seconds, ' s'],
    [`first row, ${many} runs`, large.seconds, limits.seconds, ' s'],
    [`more with ${many} runs than with ${few}`, growth * 100, limits.growth * 100, ' %'],
  ];
  return rules.flatMap(([name, value, limit, unit]) => {
    const isBroken = !(value <= limit);
    const line = `${name.padEnd(42)}${value.toFixed(unit === ' s' ? 3 : 1).padStart(10)}${unit.padEnd(3)}  limit ${limit}${unit}`;
    console.log(`${line}${isBroken ? '  BROKEN' : ''}`);
    return isBroken ? [name] : [];
  });
}

async function main(): Promise<void> {
  const stages: HubStage[] = [];
  try {
    const shared = { models: 8, versions, seed: 3, teams: 1 };
    for (const runs of [few, many]) stages.push(await HubStage.start({ ...shared, runs }));
    console.log(`${versions} model versions; median of ${loads} loads each, cache empty, in turn`);
    // Other work on the machine only ever adds to a time: what is too slow is measured again, at most twice.
    let wrong: string[] = ['not measured'];
    for (let look = 1; look <= looks && wrong.length > 0; look += 1) {
      if (look > 1) console.log(`look ${look}`);
      wrong = broken(await measure(stages));
    }
    if (wrong.length > 0) process.exitCode = 1;
  } finally {
    for (const stage of stages) await stage.stop();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
