import { formatDate } from '../expressions/functions';

export interface RunNameValues {
  now: Date;
  buildId: number;
  definitionName: string;
  sourceBranchName: string;
  teamProject: string;
  variable: (name: string) => string | undefined;
  /** The next revision of a name that is otherwise the same. */
  revision: (prefix: string) => Promise<number>;
}

/** Makes a run's number from its format (the service's documentation, page Run number). */
export async function runName(format: string, values: RunNameValues): Promise<string> {
  const revision = /\$\(Rev:([^)]*)\)/i.exec(format);
  const withoutRevision = format.replaceAll(/\$\(Rev:[^)]*\)/gi, '\u0000');
  const name = withoutRevision.replace(/\$\(([^)]+)\)/g, (found, token: string) => tokenValue(token, values) ?? found);
  if (!revision) return name;
  const number = await values.revision(name.replaceAll('\u0000', ''));
  const pattern = revision[1] ?? '';
  const text = pattern.replace(/r+/, (run) => String(number).padStart(run.length, '0'));
  return name.replaceAll('\u0000', text);
}

function tokenValue(token: string, values: RunNameValues): string | undefined {
  const [name = '', specifier] = token.split(/:(.*)/s);
  const { now } = values;
  switch (name.toLowerCase()) {
    case 'date':
      return formatDate(now, specifier ?? 'yyyyMMdd');
    case 'year':
      return formatDate(now, specifier ?? 'yyyy');
    case 'month':
      return String(now.getUTCMonth() + 1);
    case 'dayofmonth':
      return String(now.getUTCDate());
    case 'dayofyear':
      return String(
        Math.floor(
          (Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()) - Date.UTC(now.getUTCFullYear(), 0, 0)) /
            86_400_000,
        ),
      );
    case 'hours':
      return String(now.getUTCHours());
    case 'minutes':
      return String(now.getUTCMinutes());
    case 'seconds':
      return String(now.getUTCSeconds());
    case 'buildid':
      return String(values.buildId);
    case 'builddefinitionname':
      return values.definitionName;
    case 'sourcebranchname':
      return values.sourceBranchName;
    case 'teamproject':
      return values.teamProject;
    default:
      return values.variable(token);
  }
}
