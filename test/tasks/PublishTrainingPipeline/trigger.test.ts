import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readCron } from '../../../tasks/PublishTrainingPipeline/cron';
import { cronTrigger, readTrigger } from '../../../tasks/PublishTrainingPipeline/trigger';
import { readZone, windowsNames } from '../../../tasks/PublishTrainingPipeline/zones';

const dayMs = 86_400_000;
const now = Date.parse('2026-11-21T12:00:00Z');
const fires = (expression: string, zone = 'UTC', at = now): number => cronTrigger(expression, zone).firesPerYear(at);
const recurrence = (more: Record<string, unknown>): number =>
  readTrigger({ triggerType: 'Recurrence', interval: 1, timeZone: 'UTC', ...more }, 'f').firesPerYear(now);
const times = (hours: number[], minutes: number[], more = {}): unknown => ({ hours, minutes, ...more });

/** The instants whose clock shows one of the expression's times, minute by minute: slow, and plainly right. */
function counted(expression: string, zone: string, from: number, days: number): number {
  const { isOn, minutes } = readCron(expression, 'test');
  const { offsetAt } = readZone(zone, 'test');
  let count = 0;
  for (let instant = from; instant < from + days * dayMs; instant += 60_000) {
    const local = new Date(instant + offsetAt(instant) * 60_000);
    const minute = local.getUTCHours() * 60 + local.getUTCMinutes();
    const number = Math.floor(local.getTime() / dayMs);
    const day = { year: 0, month: 0, day: 0, weekday: local.getUTCDay(), number };
    if (minutes.includes(minute) && isOn(day)) count++;
  }
  return count;
}

describe('triggers of a year', () => {
  it('count cron expressions', () => {
    assert.equal(fires('0 4 * * *'), 365);
    assert.equal(fires('0 4 * * 1'), 52);
    assert.equal(fires('*/15 * * * *'), 365 * 96);
    assert.equal(fires('0,30 8-17 * * MON-FRI'), 260 * 20);
    assert.equal(fires('0 0 * * 0,7'), 53);
  });

  it('count by the clock: what it jumps over fires once, what it shows twice fires once, or twice by the hour', () => {
    assert.equal(fires('30 2 * * *', 'Europe/Berlin'), 365);
    assert.equal(fires('30 2 * * *', 'W. Europe Standard Time'), 365);
    assert.equal(fires('30 * * * *', 'Europe/Berlin'), 365 * 24);
    assert.equal(fires('30 2 * * *', 'Lord Howe Standard Time'), 365);
  });

  it('count hourly expressions as a look at every minute does, whatever the clock', () => {
    const changes = ['2026-03-29T00:00Z', '2026-10-25T00:00Z', '2026-11-01T06:00Z', '2026-06-15T00:00Z'].map(
      Date.parse,
    );
    const minute = fc.integer({ min: 0, max: 59 }).map(String);
    const step = fc.constantFrom('*/5', '*/20', '*', '7-11');
    fc.assert(
      fc.property(
        fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe'),
        fc.oneof(minute, step),
        fc.constantFrom('*', '*/2', '*/6'),
        fc.constantFrom('*', '0', '6', '0,6', '1-5'),
        fc.constantFrom(...changes),
        (zone, minutes, hours, weekdays, middle) => {
          const expression = `${minutes} ${hours} * * ${weekdays}`;
          const from = middle - dayMs;
          const end = new Date(from + 3 * dayMs).toISOString();
          const window = { startTime: new Date(from).toISOString(), endTime: end };
          const { windowsName } = readZone(zone, 'test');
          const trigger = readTrigger({ triggerType: 'Cron', expression, timeZone: windowsName, ...window }, 'test');
          // A jump moves what it leaves out behind it, where a look at the clock sees nothing: never fewer, one hour's more.
          const found = trigger.firesPerYear(from);
          const seen = counted(expression, zone, from, 3);
          assert.ok(found >= seen && found <= seen + 60, `${expression} ${zone}: ${found}, ${seen}`);
          if (middle === changes[3]) assert.equal(found, seen);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('count recurrences', () => {
    assert.equal(recurrence({ frequency: 'Minute', interval: 30 }), 365 * 48);
    assert.equal(recurrence({ frequency: 'hour', interval: 6 }), 365 * 4);
    assert.equal(recurrence({ frequency: 'Day', schedule: times([4, 5], [0, 30]) }), 365 * 4);
    assert.equal(recurrence({ frequency: 'Day', interval: 7, schedule: times([], []) }), 53);
    assert.equal(
      recurrence({ frequency: 'Week', schedule: times([4], [0], { weekDays: ['Monday', 'thursday'] }) }),
      104,
    );
    assert.equal(
      recurrence({ frequency: 'Week', interval: 2, schedule: times([4], [0], { weekDays: ['Monday'] }) }),
      26,
    );
    assert.equal(recurrence({ frequency: 'Month', schedule: times([0], [0], { monthDays: [1, 15] }) }), 24);
    assert.equal(recurrence({ frequency: 'Month', interval: 3, schedule: times([0], [0], { monthDays: [31] }) }), 4);
  });

  it('count from the start and to the end', () => {
    assert.equal(recurrence({ frequency: 'Day', schedule: times([4], [0]), endTime: '2026-12-01 00:00:00' }), 9);
    assert.equal(recurrence({ frequency: 'Day', schedule: times([4], [0]), startTime: '2027-11-11T00:00:00' }), 11);
    assert.equal(recurrence({ frequency: 'Hour', startTime: '2030-01-01 00:00:00' }), 0);
  });

  it('say when they fire next, in UTC', () => {
    const next = cronTrigger('0 4 * * 1', 'Europe/Berlin').next(now, 2);
    assert.deepEqual(
      next.map((time) => new Date(time).toISOString()),
      ['2026-11-23T03:00:00.000Z', '2026-11-30T03:00:00.000Z'],
    );
  });

  const refused: [string, RegExp][] = [
    ['0 4 1 * *', /ignores: it would fire in every month/], ['0 4 * 6 *', /ignores/], ['0 4 * *', /has 4 fields/], ['60 4 * * *', /"60" as minute/],
    ['0 24 * * *', /"24" as hour/], ['0 4 * * 8', /"8" as day of week/], ['*/0 * * * *', /as minute/], ['5-1 * * * *', /as minute/], ['0 4 * * FOO', /"FOO"/],
  ]; // prettier-ignore
  for (const [expression, message] of refused) {
    it(`refuse "${expression}"`, () => assert.throws(() => fires(expression), message));
  }
});

describe('time zones of triggers', () => {
  it('all have a clock in Node', () => {
    for (const name of windowsNames) assert.ok(Math.abs(readZone(name, 'test').offsetAt(now)) <= 14 * 60, name);
  });

  it('are sent as Windows names them', () => {
    assert.equal(readZone('Europe/Berlin', 't').windowsName, 'W. Europe Standard Time');
    assert.equal(readZone('pacific standard time', 't').windowsName, 'Pacific Standard Time');
    const vienna = readZone(readZone('Europe/Vienna', 't').windowsName, 't');
    assert.equal(vienna.offsetAt(now), 60);
    assert.throws(() => readZone('W. Europa Standard Time', 'Input "timeZone"'), /Input "timeZone": .*no time zone/);
  });
});
