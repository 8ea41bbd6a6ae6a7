import type { Context } from '../context';
import { ServiceError } from '../errors';
import { listed, type Route } from '../http';
import { locations } from '../locations';
import type { StoredRun, StoredTestRun } from '../model';
import { integer } from './values';

type Pair = { run: StoredRun; testRun: StoredTestRun };

/** Test runs and their results, as published from JUnit files. */
export function testRoutes(context: Context): Route[] {
  const all = (): Pair[] => context.runs.all().flatMap((run) => run.testRuns.map((testRun) => ({ run, testRun })));
  const one = (id: string | undefined): Pair => {
    const found = all().find(({ testRun }) => testRun.id === integer(id, 'runId'));
    if (!found) throw new ServiceError(404, 'TestObjectNotFoundException', `Test run ${id ?? ''} could not be found.`);
    return found;
  };
  return [
    {
      location: locations.testRuns,
      method: 'GET',
      handle: (call) => {
        if (call.params.runId !== undefined) return { json: document(context, one(call.params.runId)) };
        const build = call.option('buildUri');
        const ids = call
          .option('buildIds')
          ?.split(',')
          .map((id) => integer(id.trim(), 'buildIds'));
        const found = all()
          .filter(({ run }) => build === undefined || build.toLowerCase() === `vstfs:///build/build/${run.id}`)
          .filter(({ run }) => !ids || ids.includes(run.id));
        const skip = Number(call.option('$skip') ?? 0);
        const top = call.option('$top');
        return listed(
          found
            .slice(skip, top === undefined ? undefined : skip + integer(top, '$top'))
            .map((pair) => document(context, pair)),
        );
      },
    },
    {
      location: locations.testResults,
      method: 'GET',
      handle: (call) => {
        const pair = one(call.params.runId);
        const results = pair.testRun.tests.map((_, index) => result(context, pair, index));
        const { testCaseResultId } = call.params;
        if (testCaseResultId !== undefined) {
          const found = results[integer(testCaseResultId, 'testCaseResultId') - firstResultId];
          if (!found)
            throw new ServiceError(
              404,
              'TestObjectNotFoundException',
              `Test run ${pair.testRun.id} has no result ${testCaseResultId}.`,
            );
          return { json: found };
        }
        const outcomes = call.option('outcomes')?.toLowerCase().split(',');
        return listed(results.filter((one) => !outcomes || outcomes.includes(one.outcome.toLowerCase())));
      },
    },
  ];
}

/** The service numbers the results of a run from here. */
const firstResultId = 100_000;

function document(context: Context, { run, testRun }: Pair): Record<string, unknown> {
  const count = (outcome: string): number => testRun.tests.filter((test) => test.outcome === outcome).length;
  const statistics = ['Passed', 'Failed', 'NotExecuted'].map((outcome) => ({
    state: 'Completed',
    outcome,
    count: count(outcome),
  }));
  return {
    id: testRun.id,
    name: testRun.title,
    url: `${context.collection.projectUrl}/_apis/test/Runs/${testRun.id}`,
    build: {
      id: String(run.id),
      name: run.number,
      url: `${context.collection.projectUrl}/_apis/build/Builds/${run.id}`,
    },
    isAutomated: true,
    owner: context.documents.identity(run.requestedFor),
    project: { id: context.collection.state.projectId, name: context.collection.state.projectName },
    startedDate: testRun.createdDate,
    createdDate: testRun.createdDate,
    completedDate: testRun.createdDate,
    state: 'Completed',
    totalTests: testRun.tests.length,
    passedTests: count('Passed'),
    unanalyzedTests: count('Failed'),
    notApplicableTests: count('NotExecuted'),
    incompleteTests: 0,
    runStatistics: statistics.filter((one) => one.count > 0),
    webAccessUrl: `${context.collection.projectUrl}/_testManagement/runs?runId=${testRun.id}`,
  };
}

function result(
  context: Context,
  { run, testRun }: Pair,
  index: number,
): Record<string, unknown> & { outcome: string } {
  const test = testRun.tests[index];
  if (!test) throw new Error(`Test run ${testRun.id} has no test ${index}.`);
  return {
    id: firstResultId + index,
    testRun: { id: String(testRun.id), name: testRun.title },
    project: { id: context.collection.state.projectId, name: context.collection.state.projectName },
    build: { id: String(run.id), name: run.number },
    automatedTestName: `${test.suite}.${test.name}`,
    automatedTestStorage: test.suite,
    automatedTestType: 'JUnit',
    testCaseTitle: test.name,
    outcome: test.outcome,
    state: 'Completed',
    durationInMs: test.durationMs,
    startedDate: testRun.createdDate,
    completedDate: testRun.createdDate,
    errorMessage: test.message ?? null,
    priority: 255,
  };
}
