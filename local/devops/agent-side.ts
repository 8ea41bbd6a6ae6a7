import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';

import type { Server, ServiceConnection } from '../agent/server';
import type { Approvals } from './approvals';
import type { Collection } from './collection';
import type { Runs } from './runs';

/** The calls of a running agent, on the same state that the REST API serves. */
export function agentSide(
  collection: Collection,
  runs: Runs,
  approvals: Approvals,
  connections: ServiceConnection[],
): Server {
  const { state } = collection;
  return {
    get collectionUrl() {
      return collection.url;
    },
    project: { id: state.projectId, name: state.projectName },

    createRun: promised((request) => runs.create(request)),
    updateRun: promised((id, change) => runs.change(id, change)),
    updateTimeline: promised((id, records) => runs.updateRecords(id, records)),
    appendLog: promised((id, recordId, lines) => runs.appendLog(id, recordId, lines)),
    addAttachment: promised((id, recordId, type, name, file) => runs.addAttachment(id, recordId, type, name, file)),
    addTag: promised((id, tag) => runs.addTags(runs.get(id), [tag])),
    uploadArtifact: promised((id, name, jobRecordId, folder) => runs.addArtifact(id, name, jobRecordId, folder)),
    downloadArtifact: promised((id, name, folder) => copyArtifacts(runs, id, name, folder)),
    publishTestRun: promised((id, testRun) => runs.addTestRun(id, testRun)),

    variableGroup: promised((name) => {
      const found = state.variableGroups.find((one) => one.name.toLowerCase() === name.toLowerCase());
      return found && { id: found.id, name: found.name, variables: structuredClone(found.variables) };
    }),
    serviceConnection: promised((nameOrId) => {
      const wanted = nameOrId.toLowerCase();
      const found = connections.find((one) => one.id.toLowerCase() === wanted || one.name.toLowerCase() === wanted);
      return found && structuredClone(found);
    }),
    serviceConnectionNames: promised(() => connections.map((one) => one.name)),
    environment: promised((name) => {
      const known = state.environments.find((one) => one.name.toLowerCase() === name.toLowerCase());
      const { id, name: own } = known ?? collection.addEnvironment(name, '', collection.buildService.id);
      return { id, name: own };
    }),
    addDeploymentRecord: promised((environmentId, record) => {
      collection.environment(environmentId);
      state.deployments.push({ id: collection.nextId('deployment'), environmentId, ...record });
      collection.save();
    }),
    waitForChecks: (request, signal, onPending) => approvals.wait(request, signal, onPending),
    onCancelRequested: (id, listener) => runs.onCancel(id, listener),
    counter: promised((pipeline, prefix, seed) => collection.count(counterName(collection, pipeline, prefix), seed)),
  };
}

/** Counters are kept for all projects together, while pipelines of two projects may have one name. */
function counterName({ isFirst, state }: Collection, pipeline: string, prefix: string): string {
  return `counter:${isFirst ? '' : `${state.projectId}:`}${pipeline}:${prefix}`;
}

function copyArtifacts(runs: Runs, id: number, name: string | undefined, folder: string): string[] {
  const run = runs.get(id);
  const wanted = run.artifacts.filter((one) => name === undefined || one.name.toLowerCase() === name.toLowerCase());
  if (name !== undefined && wanted.length === 0) {
    const present = run.artifacts.map((one) => one.name).join(', ') || 'none';
    throw new Error(`Artifact ${name} was not found for build ${run.id}. Its artifacts: ${present}.`);
  }
  for (const artifact of wanted) {
    const source = runs.artifactFolder(run, artifact.name);
    if (existsSync(source)) cpSync(source, join(folder, artifact.name), { recursive: true });
  }
  return wanted.map((one) => one.name);
}

/** The state answers at once; a throw becomes a rejection, as it would over the network. */
function promised<A extends unknown[], R>(work: (...args: A) => R): (...args: A) => Promise<R> {
  return (...args) =>
    new Promise((resolve) => {
      resolve(work(...args));
    });
}
