import type { ReactElement } from 'react';
import { Text } from '../../components/Text';
import { counted } from '../../components/counted';
import { WorkspaceName } from '../../components/WorkspaceName';
import { Columns } from '../../components/charts/Columns';
import type { Delivery } from '../../data/delivery';
import { fewCases, type Median, type Rate } from '../../data/statistics';

/** `3 h`, `2.5 days`: a duration in the unit that suits it. */
export function hoursText(hours: number): string {
  if (hours < 1) return `${Math.round(hours * 60)} min`;
  if (hours < 48) return `${Number(hours.toFixed(1))} h`;
  return `${Number((hours / 24).toFixed(1))} days`;
}

/** `6 h (from 2 h to 3 days, n = 4; few cases)`. */
export function medianText({ median, least, most, n }: Median): string {
  if (median === undefined) return 'No case yet (n = 0)';
  const range =
    least === undefined || most === undefined || n === 1 ? '' : `from ${hoursText(least)} to ${hoursText(most)}, `;
  return `${hoursText(median)} (${range}n = ${n}${few(n)})`;
}

/** `2 of 7, 29 % (95 % interval 8 to 64 %)`. */
export function rateText({ hits, n, share, lower, upper }: Rate): string {
  if (share === undefined || lower === undefined || upper === undefined) return 'No case yet (n = 0)';
  const percent = (value: number): string => String(Math.round(value * 100));
  return `${hits} of ${n}, ${percent(share)} % (95 % interval ${percent(lower)} to ${percent(upper)} %${few(n)})`;
}

function few(n: number): string {
  return n < fewCases ? '; few cases' : '';
}

interface Figure {
  name: string;
  value: string;
  /** What is measured, in words. */
  definition: string;
  /** What was left out. */
  besides?: string;
}

/** The figures, each with its number of cases and what it means. */
export function figuresOf(
  { changes, uncertain, registrations, promotion, leadTime, failure, rollback }: Delivery,
  failWindowHours: number,
): Figure[] {
  return [
    {
      name: 'Change volume',
      value: `${counted(changes, 'change')} to production, ${counted(registrations, 'version')} registered`,
      definition:
        'A change is a version’s first share of production’s requests in one place; rollbacks and later traffic steps are none. (DORA: deployment frequency)',
      besides: left(
        uncertain,
        'the version was registered before what was read, so this may be a rollback, or a step of an older change',
      ),
    },
    {
      name: 'Promotion rate',
      value: rateText(promotion),
      definition:
        'Evaluations against production’s model that judged the candidate better, or whose version served in production all the same.',
      besides: left(promotion.withoutChampion, 'had no production model to compare with'),
    },
    {
      name: 'Lead time to production, median',
      value: medianText(leadTime),
      definition: `To the change; ${startText(leadTime)}. (DORA: change lead time, which starts at the commit)`,
      besides: left(
        leadTime.unknown,
        'could not be measured: the registration was not read, or the times contradict each other',
      ),
    },
    {
      name: 'Change fail rate',
      value: rateText(failure),
      definition: `Changes that were rolled back, or whose smoke test in production failed, within ${failWindowHours} hours and before the next change. (DORA: change fail rate)`,
      besides:
        [
          left(failure.tooYoung, 'too young to tell'),
          left(
            failure.unknown,
            'a version that may have served before what was read came within the time, so this may have been rolled back',
          ),
        ]
          .filter((each) => each !== undefined)
          .join(' ') || undefined,
    },
    {
      name: 'Time to roll back, median',
      value: medianText(rollback),
      definition:
        'From a change to the step that rolled it back; when somebody noticed is not known. (DORA: failed deployment recovery time)',
    },
  ];
}

function startText({ fromCommit, fromQueue }: Delivery['leadTime']): string {
  if (fromCommit === 0) return 'from when the run that registered the version was queued';
  if (fromQueue === 0) return 'from the commit';
  return `from the commit in ${counted(fromCommit, 'case')}, in ${fromQueue} from when the run that registered the version was queued`;
}

function left(count: number, why: string): string | undefined {
  return count === 0 ? undefined : `${count} not counted: ${why}.`;
}

export function Figures({ figures, failWindowHours }: { figures: Delivery; failWindowHours: number }): ReactElement {
  const { weeks } = figures;
  return (
    <>
      <dl className="hub-figures">
        {figuresOf(figures, failWindowHours).map(({ name, value, definition, besides }) => (
          <div key={name}>
            <dt className="secondary-text">{name}</dt>
            <dd>
              <strong>{value}</strong>
              <p className="body-s secondary-text">{definition}</p>
              {besides !== undefined && <p className="body-s">{besides}</p>}
            </dd>
          </div>
        ))}
      </dl>
      <h2 className="title-s">Changes to production a week</h2>
      <p className="body-s secondary-text">
        Each column is the seven days from its date on, in UTC; the last ends today.
      </p>
      <Columns
        title="Changes to production a week"
        columns={weeks.map(({ start, changes }) => ({ label: start.slice(5), value: changes }))}
      />
      <h2 className="title-s">Versions registered a week</h2>
      <Columns
        title="Versions registered a week"
        columns={weeks.map(({ start, registrations }) => ({ label: start.slice(5), value: registrations }))}
      />
    </>
  );
}

/** The same figures side by side. Few cases say little: each has its number. */
export function ByTable({
  title,
  rows,
}: {
  title: string;
  rows: readonly { name: string; workspace?: string; figures: Delivery }[];
}): ReactElement {
  return (
    <div className="hub-scroll" tabIndex={0} role="region" aria-label={title}>
      <table className="hub-table">
        <thead>
          <tr>
            {[
              title,
              'Changes',
              'Registered',
              'Promotion rate',
              'Lead time',
              'Change fail rate',
              'Time to roll back',
            ].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, workspace, figures }) => (
            <tr key={JSON.stringify([name, workspace])}>
              <th scope="row">
                <Text value={name} />
                <WorkspaceName workspace={workspace} />
              </th>
              <td>{figures.changes}</td>
              <td>{figures.registrations}</td>
              <td>{rateText(figures.promotion)}</td>
              <td>{medianText(figures.leadTime)}</td>
              <td>{rateText(figures.failure)}</td>
              <td>{medianText(figures.rollback)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
