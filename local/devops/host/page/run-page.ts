import { button, h, type Child } from './dom';
import { ExtensionFrame } from './frame';
import type { Host } from './host';
import type { Contribution } from './api';
import {
  approvalsShape,
  buildShape,
  linesShape,
  timelineShape,
  type Approval,
  type Build,
  type TimelineRecord,
} from './rest-shapes';
import { fullId, isNamed, runPath } from './routes';
import { commitLink, duration, facts, heading, moment, outcome } from './view';

/** The page of a run: its stages with their approvals and logs, and the extension's tabs where one of their tasks ran. */
export async function runPage(
  host: Host,
  id: number,
  view: string,
  into: HTMLElement,
): Promise<ExtensionFrame | undefined> {
  const base = `${host.project.id}/_apis`;
  const user = host.person.id;
  const build = await host.api.rest(user, `${base}/build/builds/${id}?api-version=7.1`, buildShape);
  const timeline = await host.api.rest(user, `${base}/build/builds/${id}/timeline?api-version=7.1`, timelineShape);
  const records = timeline?.records ?? [];
  const tabs = host.configuration.contributions.filter((one) => one.place === 'run-tab' && supports(one, records));
  const tab = tabs.find((one) => isNamed(host.configuration, one, view));
  document.title = `Run ${build.buildNumber}`;
  into.append(
    heading(`#${build.buildNumber} • ${build.definition.name}`, outcome(build.status, build.result)),
    tabList(host, id, tabs, tab),
  );
  if (tab) return new ExtensionFrame(host, tab, into, { runId: id });
  into.append(summary(host, build), await stages(host, id, records));
  return undefined;
}

/** The service's rule: a tab that names tasks is there only when one of them ran. */
function supports({ supportsTasks }: Contribution, records: TimelineRecord[]): boolean {
  const ran = records.filter((one) => one.type === 'Task' && one.state === 'completed' && one.result !== 'skipped');
  return (
    supportsTasks.length === 0 ||
    ran.some(({ task }) => task !== undefined && supportsTasks.includes(task.id.toLowerCase()))
  );
}

function tabList(host: Host, id: number, tabs: Contribution[], chosen: Contribution | undefined): HTMLElement {
  const link = (label: string, view: string, isCurrent: boolean): HTMLElement => {
    const href = runPath(host.configuration, host.project, id).replace(/view=.*$/, `view=${encodeURIComponent(view)}`);
    return h('a', { href, 'aria-current': isCurrent ? 'page' : undefined }, label);
  };
  const own = tabs.map((one) => link(one.name, fullId(host.configuration, one.id), one === chosen));
  return h('nav', { class: 'tabs', 'aria-label': 'Run' }, link('Summary', 'results', chosen === undefined), ...own);
}

function summary(host: Host, build: Build): HTMLElement {
  const { repository, sourceVersion, templateParameters } = build;
  const parameters = Object.entries(templateParameters ?? {}).map(([name, value]) => `${name} = ${String(value)}`);
  return facts([
    ['Requested for', build.requestedFor.displayName],
    ['Branch', build.sourceBranch?.replace(/^refs\/heads\//, '')],
    [
      'Commit',
      sourceVersion ? commitLink(host, repository?.name ?? repository?.id ?? 'repository', sourceVersion) : null,
    ],
    ['Started', moment(build.startTime)],
    ['Took', duration(build.startTime, build.finishTime)],
    ['Parameters', parameters.join(', ')],
    ['Tags', (build.tags ?? []).join(', ')],
  ]);
}

async function stages(host: Host, id: number, records: TimelineRecord[]): Promise<HTMLElement> {
  const approvals = await approvalsOf(host, records);
  const children = (parent: string | undefined): TimelineRecord[] =>
    records.filter((one) => one.parentId === parent).sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
  const shown = (record: TimelineRecord): HTMLElement => {
    const inner = children(record.id).map(shown);
    const approval = approvals.get(record.id.toLowerCase());
    return h(
      'li',
      {},
      line(host, id, record),
      approval ? approvalText(approval) : null,
      inner.length > 0 ? h('ul', {}, ...inner) : null,
    );
  };
  return h('section', { 'aria-label': 'Stages' }, h('ul', { class: 'timeline' }, ...children(undefined).map(shown)));
}

function line(host: Host, id: number, record: TimelineRecord): HTMLElement {
  const time = duration(record.startTime, record.finishTime);
  const attempt = (record.attempt ?? 1) > 1 ? `attempt ${record.attempt ?? 1}` : '';
  const parts: Child[] = [
    outcome(record.state, record.result),
    h('span', { class: record.type }, record.name),
    attempt,
    time,
  ];
  const element = h('div', { class: 'record' }, ...parts.filter((part) => part !== ''));
  for (const issue of record.issues ?? []) element.append(h('p', { class: `issue ${issue.type}` }, issue.message));
  if (record.log) element.append(logButton(host, id, record.log.id, record.name));
  return element;
}

/** A log is fetched when it is asked for, and shown as the text it is. */
function logButton(host: Host, id: number, logId: number, name: string): HTMLElement {
  const area = h('pre', { class: 'log', tabindex: '0', 'aria-label': `Log of ${name}`, hidden: true });
  const toggle = button('Log', () => void show(), { 'aria-expanded': 'false', 'aria-label': `Log of ${name}` });
  const show = async (): Promise<void> => {
    area.hidden = !area.hidden;
    toggle.setAttribute('aria-expanded', String(!area.hidden));
    if (area.hidden || area.textContent !== '') return;
    const path = `${host.project.id}/_apis/build/builds/${id}/logs/${logId}?api-version=7.1`;
    try {
      area.textContent = (await host.api.rest(host.person.id, path, linesShape)).value.join('\n');
    } catch (error) {
      area.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  return h('div', { class: 'log-part' }, toggle, area);
}

/** The record of an approval has the id of the approval. */
async function approvalsOf(host: Host, records: TimelineRecord[]): Promise<Map<string, Approval>> {
  const ids = records.filter((one) => one.type === 'Checkpoint.Approval').map((one) => one.id);
  if (ids.length === 0) return new Map();
  const path = `${host.project.id}/_apis/pipelines/approvals?approvalIds=${ids.join(',')}&$expand=steps&api-version=7.2-preview.2`;
  const { value } = await host.api.rest(host.person.id, path, approvalsShape);
  return new Map(value.map((one) => [one.id.toLowerCase(), one]));
}

function approvalText({ status, steps, instructions }: Approval): HTMLElement {
  const lines = steps.map((step) => {
    const who = step.actualApprover?.displayName ?? step.assignedApprover.displayName;
    return h('p', {}, `${who}: ${step.status}`, step.comment ? ` — “${step.comment}”` : '');
  });
  return h(
    'div',
    { class: 'approval' },
    h('p', {}, outcome(status, undefined), instructions ? ` — ${instructions}` : ''),
    ...lines,
  );
}
