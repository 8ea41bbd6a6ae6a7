import type { Project } from './api';
import { h } from './dom';
import type { Host } from './host';
import { buildsShape, deploymentsShape, environmentShape, environmentsShape, type Build } from './rest-shapes';
import { projectPath, projectsOf, type Route } from './routes';
import { commitLink, heading, moment, outcome, runLink, table } from './view';

/** Simple forms of the pages that the extension's links lead to. */
export async function otherPage(host: Host, route: Route, into: HTMLElement): Promise<void> {
  switch (route.kind) {
    case 'runs':
      return runs(host, route.definition, into);
    case 'commit':
      return commit(host, route.repository, route.commit, into);
    case 'environments':
      return environments(host, into);
    case 'environment':
      return environment(host, route.id, into);
    case 'noProject':
      document.title = 'No such project';
      into.append(
        heading('This project is not there'),
        h(
          'p',
          {},
          `There is no project '${route.name}', or ${host.person.displayName} may not see it. These are there:`,
        ),
        h('ul', {}, ...projectsOf(host.configuration, host.person).map((one) => h('li', {}, projectLink(host, one)))),
      );
      return;
    default:
      document.title = 'Not here';
      into.append(
        heading('This page is not part of the stand-in'),
        h('p', {}, 'On Azure DevOps itself this address leads to a page of the service: '),
        h('p', { class: 'code' }, location.pathname),
      );
  }
}

function projectLink({ configuration }: Host, project: Project): HTMLElement {
  return h('a', { href: projectPath(configuration, project) }, project.name);
}

async function runs(host: Host, definition: number | undefined, into: HTMLElement): Promise<void> {
  document.title = 'Pipelines';
  const wanted = definition === undefined ? '' : `&definitions=${definition}`;
  const builds = await buildsOf(host, `queryOrder=queueTimeDescending&$top=50${wanted}`);
  const name = definition === undefined ? undefined : builds[0]?.definition.name;
  into.append(heading(name === undefined ? 'Runs' : `Runs of ${name}`), runTable(host, builds));
}

async function commit(host: Host, repository: string, id: string, into: HTMLElement): Promise<void> {
  document.title = `Commit ${id.slice(0, 8)}`;
  const builds = await buildsOf(host, 'queryOrder=queueTimeDescending&$top=200');
  const ofIt = builds.filter((one) => one.sourceVersion?.toLowerCase() === id.toLowerCase());
  into.append(
    heading(`Commit ${id.slice(0, 8)}`),
    h('p', {}, `Repository ${repository}, commit `, h('span', { class: 'code' }, id)),
    ofIt.length > 0 ? runTable(host, ofIt) : h('p', {}, 'No run of late was of this commit.'),
  );
}

async function environments(host: Host, into: HTMLElement): Promise<void> {
  document.title = 'Environments';
  const path = `${host.project.id}/_apis/pipelines/environments?api-version=7.2-preview.1`;
  const { value } = await host.api.rest(host.person.id, path, environmentsShape);
  const base = `${projectPath(host.configuration, host.project)}/_environments`;
  const rows = value.map((one) => [h('a', { href: `${base}/${one.id}` }, one.name), one.description ?? '']);
  into.append(heading('Environments'), table('Environments of the project', ['Name', 'Description'], rows));
}

async function environment(host: Host, id: number, into: HTMLElement): Promise<void> {
  const path = `${host.project.id}/_apis/pipelines/environments/${id}`;
  const one = await host.api.rest(host.person.id, `${path}?api-version=7.2-preview.1`, environmentShape);
  const records = `${path}/environmentdeploymentrecords?top=50&api-version=7.2-preview.1`;
  const { value } = await host.api.rest(host.person.id, records, deploymentsShape);
  document.title = one.name;
  const rows = value.map((record) => [
    runLink(host, record.owner.id, `${record.definition.name} #${record.owner.name}`),
    record.stageName,
    outcome(undefined, record.result),
    moment(record.finishTime),
  ]);
  into.append(
    heading(one.name),
    h('p', {}, one.description ?? ''),
    table('Deployments', ['Run', 'Stage', 'Result', 'Finished'], rows),
  );
}

function runTable(host: Host, builds: Build[]): HTMLElement {
  const rows = builds.map((one) => [
    runLink(host, one.id, `#${one.buildNumber}`),
    one.definition.name,
    outcome(one.status, one.result),
    one.requestedFor.displayName,
    one.sourceVersion
      ? commitLink(host, one.repository?.name ?? one.repository?.id ?? 'repository', one.sourceVersion)
      : null,
    moment(one.queueTime),
  ]);
  return table('Runs', ['Run', 'Pipeline', 'Result', 'Requested for', 'Commit', 'Queued'], rows);
}

async function buildsOf(host: Host, query: string): Promise<Build[]> {
  const path = `${host.project.id}/_apis/build/builds?${query}&api-version=7.1`;
  return (await host.api.rest(host.person.id, path, buildsShape)).value;
}
