import { checkExpression } from '../expressions/evaluate';
import { commonFunctions } from '../expressions/functions';
import { ExpressionError } from '../expressions/values';
import type { PipelinePlan, StepPlan, Text, VariableEntry } from './model';
import type { Problems } from './reader';

const status = ['always', 'canceled', 'failed', 'succeeded', 'succeededorfailed'];
const withStatus = [...commonFunctions.keys(), ...status];
const runtimeFunctions = [...commonFunctions.keys(), 'counter'];

/** Finds wrong conditions and runtime expressions before anything runs. */
export function checkExpressions(plan: PipelinePlan, problems: Problems): void {
  checkVariables(plan.variables, ['variables', 'pipeline', 'resources'], problems);
  const jobContexts = ['variables', 'pipeline', 'resources', 'dependencies', 'stageDependencies'];
  for (const stage of plan.stages) {
    checkText(stage.condition, ['variables', 'pipeline', 'dependencies'], withStatus, problems);
    checkVariables(stage.variables, jobContexts, problems);
    for (const job of stage.jobs) {
      checkText(job.condition, jobContexts, withStatus, problems);
      checkVariables(job.variables, jobContexts, problems);
      const steps = job.body.kind === 'job' ? job.body.steps : job.body.hooks.flatMap((hook) => hook.steps);
      for (const step of steps) checkStep(step, problems);
    }
  }
}

/** A step's condition sees variables only; `dependencies` must be mapped to a job variable. */
function checkStep(step: StepPlan, problems: Problems): void {
  checkText(step.condition, ['variables'], withStatus, problems);
}

function checkText(text: Text | undefined, values: string[], functions: string[], problems: Problems): void {
  if (!text) return;
  try {
    checkExpression(text.text, values, functions);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    problems.add(text.at, error.message);
  }
}

/** `$[ ]` must be the whole value. */
export function runtimeExpression(value: string): string | undefined {
  const trimmed = value.trim();
  return trimmed.startsWith('$[') && trimmed.endsWith(']') ? trimmed.slice(2, -1) : undefined;
}

function checkVariables(variables: VariableEntry[], values: string[], problems: Problems): void {
  for (const variable of variables) {
    const expression = variable.kind === 'value' ? runtimeExpression(variable.value) : undefined;
    if (expression !== undefined) checkText({ text: expression, at: variable.at }, values, runtimeFunctions, problems);
  }
}
