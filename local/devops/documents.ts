import type { Collection } from './collection';
import type { Definition, Identity, StoredRecord, StoredRun } from './model';
import type { Runs } from './runs';

/** The documents of the REST API, built from the state. */
export class Documents {
  constructor(
    private readonly collection: Collection,
    private readonly runs: Runs,
  ) {}

  identity(id: string): Record<string, unknown> {
    const one: Identity = this.collection.identity(id);
    const avatar = `${this.collection.url}/_apis/GraphProfile/MemberAvatars/${one.descriptor}`;
    return {
      displayName: one.displayName,
      url: `${this.collection.url}/_apis/Identities/${one.id}`,
      _links: { avatar: { href: avatar } },
      id: one.id,
      uniqueName: one.uniqueName,
      imageUrl: avatar,
      ...(one.kind === 'group' ? { isContainer: true } : {}),
      descriptor: one.descriptor,
    };
  }

  project(): Record<string, unknown> {
    const { projectId, projectName, createdOn } = this.collection.state;
    return {
      id: projectId,
      name: projectName,
      url: `${this.collection.url}/_apis/projects/${projectId}`,
      state: 'wellFormed',
      revision: 1,
      visibility: 'private',
      lastUpdateTime: createdOn,
    };
  }

  definitionReference(definition: Definition): Record<string, unknown> {
    return {
      drafts: [],
      id: definition.id,
      name: definition.name,
      url: `${this.collection.projectUrl}/_apis/build/Definitions/${definition.id}?revision=${definition.revision}`,
      uri: `vstfs:///Build/Definition/${definition.id}`,
      path: definition.path,
      type: 'build',
      queueStatus: 'enabled',
      revision: definition.revision,
      project: this.project(),
    };
  }

  definition(definition: Definition): Record<string, unknown> {
    const project = this.collection.projectUrl;
    return {
      _links: {
        self: { href: `${project}/_apis/build/Definitions/${definition.id}?revision=${definition.revision}` },
        web: { href: `${project}/_build/definition?definitionId=${definition.id}` },
      },
      quality: 'definition',
      authoredBy: this.identity(definition.createdBy),
      createdDate: definition.createdDate,
      ...this.definitionReference(definition),
      process: { yamlFilename: definition.yamlFile, type: 2 },
      repository: this.repository(definition.repository),
      queue: this.queue(),
    };
  }

  run(run: StoredRun): Record<string, unknown> {
    const base = this.runUrl(run);
    return {
      _links: {
        self: { href: `${this.collection.projectUrl}/_apis/build/Builds/${run.id}` },
        web: { href: this.runs.webUrl(run) },
        timeline: { href: `${base}/Timeline` },
      },
      properties: run.properties,
      tags: run.tags,
      validationResults: [],
      plans: [{ planId: run.planId }],
      templateParameters: Object.fromEntries(
        Object.entries(run.templateParameters).map(([key, value]) => [key, textOf(value)]),
      ),
      triggerInfo: {},
      id: run.id,
      buildNumber: run.number,
      buildNumberRevision: run.revision,
      status: run.state,
      ...(run.state === 'completed' ? { result: buildResult(run) } : {}),
      queueTime: run.queueTime,
      startTime: run.startTime,
      finishTime: run.finishTime,
      url: `${this.collection.projectUrl}/_apis/build/Builds/${run.id}`,
      uri: `vstfs:///Build/Build/${run.id}`,
      definition: this.definitionReference(this.collection.definition(run.definitionId)),
      project: this.project(),
      sourceBranch: run.repository.branch,
      sourceVersion: run.repository.commit,
      queue: this.queue(),
      priority: 'normal',
      reason: run.reason,
      requestedFor: this.identity(run.requestedFor),
      requestedBy: this.identity(run.requestedBy),
      lastChangedDate: run.lastChangedDate,
      lastChangedBy: this.identity(run.lastChangedBy),
      parameters: Object.keys(run.variables).length > 0 ? JSON.stringify(run.variables) : null,
      orchestrationPlan: { planId: run.planId },
      logs: { id: 0, type: 'Container', url: `${base}/logs` },
      repository: this.repository(run.repository),
      retainedByRelease: this.collection.state.leases.some((lease) => lease.runId === run.id),
      triggeredByBuild: null,
      appendCommitMessageToRunName: true,
    };
  }

  timeline(run: StoredRun): Record<string, unknown> {
    return {
      id: run.timelineId,
      changeId: run.changeId,
      lastChangedBy: this.collection.buildService.id,
      lastChangedOn: run.lastChangedDate,
      url: `${this.runUrl(run)}/Timeline/${run.timelineId}`,
      records: run.records.map((record) => this.record(run, record)),
    };
  }

  runUrl(run: StoredRun): string {
    return `${this.collection.projectUrl}/_apis/build/builds/${run.id}`;
  }

  private record(run: StoredRun, record: StoredRecord): Record<string, unknown> {
    const log = run.logs.find((one) => one.recordId === record.id);
    const issues = record.issues ?? [];
    const count = (type: string): number => issues.filter((issue) => issue.type === type).length;
    return {
      previousAttempts: [],
      id: record.id,
      parentId: record.parentId ?? null,
      type: record.type,
      name: record.name,
      startTime: record.startTime ?? null,
      finishTime: record.finishTime ?? null,
      currentOperation: record.currentOperation ?? null,
      percentComplete: record.percentComplete ?? null,
      state: record.state ?? 'pending',
      result: record.result ?? null,
      resultCode: null,
      changeId: record.changeId ?? run.changeId,
      lastModified: record.lastModified ?? run.lastChangedDate,
      workerName: record.workerName ?? null,
      order: record.order,
      details: null,
      errorCount: record.errorCount ?? count('error'),
      warningCount: record.warningCount ?? count('warning'),
      url: null,
      log: log ? { id: log.id, type: 'Container', url: `${this.runUrl(run)}/logs/${log.id}` } : null,
      task: record.task ?? null,
      attempt: record.attempt ?? 1,
      identifier: record.identifier ?? null,
      ...(record.refName === undefined ? {} : { refName: record.refName }),
      ...(issues.length > 0
        ? {
            issues: issues.map(({ type, message, data }) => ({ type, category: 'General', message, data: data ?? {} })),
          }
        : {}),
    };
  }

  private repository(repository: { name: string; url: string }): Record<string, unknown> {
    return {
      id: repository.name,
      type: 'TfsGit',
      name: repository.name,
      url: repository.url,
      clean: null,
      checkoutSubmodules: false,
    };
  }

  private queue(): Record<string, unknown> {
    return { id: 1, name: 'Default', pool: { id: 1, name: 'Default' } };
  }
}

/** A build knows fewer results than a timeline record. */
export function buildResult(run: StoredRun): string {
  if (run.result === 'succeededWithIssues') return 'partiallySucceeded';
  if (run.result === 'abandoned') return 'failed';
  return run.result === undefined || run.result === 'skipped' ? 'succeeded' : run.result;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
