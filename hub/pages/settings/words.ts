import type { AuditedEnvironment, AuditedFolder, AuditFinding } from '../../data/results';

/** `2 of 5 rules are not met`. */
export function unmetText(findings: readonly AuditFinding[]): string {
  const open = findings.filter(({ met }) => !met).length;
  if (open === 0) return `All ${findings.length} rules are met`;
  return open === 1 ? `1 of ${findings.length} rules is not met` : `${open} of ${findings.length} rules are not met`;
}

export function environmentRights(viewer: AuditedEnvironment['viewer']): string {
  if (viewer === undefined) return 'What you may do with it is not known.';
  const may = [
    ...(viewer.view ? ['see it'] : []),
    ...(viewer.use ? ['let pipelines use it'] : []),
    ...(viewer.administer ? ['change its checks and bypass its approvals'] : []),
  ];
  return rightsText(may);
}

export function folderRights(viewer: NonNullable<AuditedFolder['viewer']>): string {
  const may = [
    ...(viewer.viewRuns ? ['see its runs'] : []),
    ...(viewer.queueRuns ? ['queue runs'] : []),
    ...(viewer.editPipelines ? ['edit its pipelines'] : []),
    ...(viewer.administer ? ['change its permissions'] : []),
  ];
  return rightsText(may);
}

function rightsText(may: readonly string[]): string {
  return may.length === 0
    ? 'By your own rights you may do nothing here.'
    : `By your own rights you may ${listed(may)}.`;
}

/** `a, b and c`. */
export function listed(parts: readonly string[]): string {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}

/** What the folders say about who sees whose runs, as far as one viewer can tell. */
export function isolationText(folders: readonly AuditedFolder[], teams: readonly { name: string }[]): string[] {
  const open = folders.filter(({ viewer }) => viewer?.viewRuns === true).map(({ path }) => path);
  const known = folders.filter(({ viewer }) => viewer !== undefined);
  const texts: string[] = [];
  if (teams.length > 0) texts.push(`You belong to ${listed(teams.map(({ name }) => name))}.`);
  if (folders.some(({ path }) => path === '\\')) {
    texts.push(
      'Pipelines lie in the root folder: whoever may see runs of the project sees theirs. Move them into a folder of their team.',
    );
  }
  if (folders.length === 1) {
    texts.push(
      'You see pipelines of one folder only: if it is your team’s, other folders are closed to you, or there are none.',
    );
  }
  if (open.length > 1) {
    texts.push(
      `You see the runs of ${listed(open)}. Where one of these belongs to another team, that team is not isolated from you.`,
    );
  }
  const closed = known.length - open.length;
  if (closed > 0) {
    texts.push(
      `${closed === 1 ? 'One folder shows' : `${closed} folders show`} you pipelines, but no right to their runs was granted to you: an administrator sees them all the same.`,
    );
  }
  return texts;
}
