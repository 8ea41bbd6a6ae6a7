import { statSync } from 'node:fs';
import path from 'node:path';

import { escapeCommand, type Command } from '../command';
import { isGuid } from '../names';
import { parseTaskResult } from '../result';
import type { StepContext } from '../task/context';
import { toBoolean } from '../variables';
import type { CommandEntry } from './entry';
import { booleanProperty, integerProperty, property } from './fields';
import { maySetVariable } from './restrictions';

const summaryType = 'Distributedtask.Core.Summary';
const fileType = 'DistributedTask.Core.FileAttachment';

/** Commands of the area `task` (agent source `TaskCommandExtension.cs`). */
export const taskCommands: ReadonlyMap<string, CommandEntry> = new Map<string, CommandEntry>([
  ['logissue', { run: logIssue, inRestrictedMode: true }],
  ['issue', { run: logIssue, inRestrictedMode: true }],
  ['setprogress', { run: setProgress, inRestrictedMode: true }],
  ['logdetail', { run: logDetail, inRestrictedMode: true }],
  ['complete', { run: complete, inRestrictedMode: true }],
  ['setsecret', { run: (step, command) => step.job.masker.add(command.data), inRestrictedMode: true }],
  ['setvariable', { run: setVariable, inRestrictedMode: true }],
  ['settaskvariable', { run: setTaskVariable, inRestrictedMode: true }],
  ['debug', { run: (step, command) => step.debug(command.data), inRestrictedMode: true }],
  ['prependpath', { run: prependPath, inRestrictedMode: true }],
  [
    'addattachment',
    { run: (step, command) => attach(step, property(command, 'type'), property(command, 'name'), command.data) },
  ],
  ['uploadsummary', { run: uploadSummary }],
  ['uploadfile', { run: uploadFile }],
  ['setendpoint', { run: setEndpoint }],
]);

function complete(step: StepContext, command: Command): void {
  const result = parseTaskResult(property(command, 'result'));
  if (!result) throw new Error("Command doesn't have valid result value.");
  step.mergeResult(result);
  step.setProgress(100, command.data);
  if (toBoolean(property(command, 'done'))) step.requestForceComplete();
}

function logIssue(step: StepContext, command: Command): void {
  const type = property(command, 'type').toLowerCase();
  if (type === '') {
    step.warning("Can't create TaskIssue from logging event.");
    return;
  }
  if (type !== 'error' && type !== 'warning')
    throw new Error(`issue type ${property(command, 'type')} is not an expected issue type.`);
  const data = Object.fromEntries(command.properties);
  const source = property(command, 'sourcepath');
  const line = property(command, 'linenumber');
  const position = `${source}(${line},${property(command, 'columnnumber')})`;
  const message =
    source === ''
      ? command.data
      : `${position}: ${property(command, 'type')} ${property(command, 'code')}: ${command.data}`;
  step.addIssue({ type, message, data });
}

function setProgress(step: StepContext, command: Command): void {
  const value = integerProperty(command, 'value') ?? 0;
  step.setProgress(Math.min(Math.max(value, 0), 100), command.data);
}

/** Checked as the agent does; the sub-records themselves are not shown anywhere, in the service neither. */
function logDetail(step: StepContext, command: Command): void {
  const id = property(command, 'id');
  if (id === '') throw new Error("Can't update timeline record, timeline record id is not provided.");
  if (!isGuid(id)) throw new Error('Unrecognized Guid format.');
  if (step.details.has(id.toLowerCase())) return;
  if (property(command, 'name') === '') throw new Error('Name is required for this new timeline record.');
  if (property(command, 'type') === '') throw new Error('Type is required for this new timeline record.');
  const parent = property(command, 'parentid');
  if (parent !== '' && !step.details.has(parent.toLowerCase())) {
    throw new Error('Parent timeline record has not been created for this new timeline record.');
  }
  step.details.add(id.toLowerCase());
}

function setVariable(step: StepContext, command: Command): void {
  const name = property(command, 'variable');
  if (name === '') throw new Error("Required field 'variable' is missing in ##vso[task.setvariable] command.");
  const variables = step.job.variables;
  if (variables.isReadOnly(name)) refuseReadOnly(step, 'variable', name);
  const secret = booleanProperty(command, 'issecret');
  if (secret) {
    refuseMultiline(step, command.data);
    step.job.masker.add(escapeCommand(command.data));
  }
  if (!maySetVariable(step, name)) return;
  step.setVariable(name, command.data, {
    secret,
    output: booleanProperty(command, 'isoutput'),
    readOnly: booleanProperty(command, 'isreadonly'),
    preserveCase: booleanProperty(command, 'preservecase'),
  });
}

function setTaskVariable(step: StepContext, command: Command): void {
  const name = property(command, 'variable');
  if (name === '') throw new Error("Required field 'variable' is missing in ##vso[task.settaskvariable] command.");
  if (step.taskVariables.isReadOnly(name)) refuseReadOnly(step, 'task variable', name);
  const secret = booleanProperty(command, 'issecret');
  if (secret) refuseMultiline(step, command.data);
  step.taskVariables.set(name, command.data, {
    secret,
    readOnly: booleanProperty(command, 'isreadonly'),
    preserveCase: booleanProperty(command, 'preservecase'),
  });
}

function refuseReadOnly(step: StepContext, kind: string, name: string): void {
  const see =
    'See https://github.com/microsoft/azure-pipelines-yaml/blob/master/design/readonly-variables.md for details.';
  if (step.job.variables.flag('agent.readOnlyVariables')) {
    throw new Error(`Overwriting readonly ${kind} '${name}' is not permitted. ${see}`);
  }
  step.warning(`Overwriting readonly ${kind} '${name}'. This behavior will be disabled in the future. ${see}`);
}

function refuseMultiline(step: StepContext, value: string): void {
  if (value.includes('\n') && !step.job.variables.flag('SYSTEM_UNSAFEALLOWMULTILINESECRET')) {
    throw new Error('Secrets cannot contain multiple lines');
  }
}

function prependPath(step: StepContext, command: Command): void {
  if (command.data === '') throw new Error('Path to prepend is required.');
  if (!maySetVariable(step, 'PATH')) return;
  const paths = step.job.prependPath;
  const kept = paths.filter((entry) => entry !== command.data);
  paths.splice(0, paths.length, ...kept, command.data);
}

/** @throws Error when a name cannot be a file name or the file is not there: the step fails. */
function attach(step: StepContext, type: string, name: string, file: string): void {
  if (type === '') throw new Error("Can't add task attachment, attachment type is not provided.");
  if (name === '') throw new Error("Can't add task attachment, attachment name is not provided.");
  if (/[/\0]/.test(type)) throw new Error('Type contains invalid characters. (/)');
  if (/[/\0]/.test(name)) throw new Error('Name contains invalid characters. (/)');
  if (file === '' || !(statSync(file, { throwIfNoEntry: false })?.isFile() ?? false)) {
    throw new Error(
      'Cannot upload task attachment file, attachment file location is not specified or attachment file does not exist on disk.',
    );
  }
  step.background(`Attachment ${name}`, step.sink.attach(type, name, file));
}

function uploadSummary(step: StepContext, command: Command): void {
  if (command.data === '') throw new Error('Cannot upload summary file, summary file location is not specified.');
  attach(step, summaryType, path.basename(command.data), command.data);
}

function uploadFile(step: StepContext, command: Command): void {
  if (command.data === '') throw new Error('Cannot upload file, file location is not specified.');
  attach(step, fileType, path.basename(command.data), command.data);
}

function setEndpoint(step: StepContext, command: Command): void {
  const id = property(command, 'id');
  const field = property(command, 'field');
  const key = property(command, 'key');
  if (!isGuid(id)) throw new Error('Endpoint id is missing or not a GUID in ##vso[task.setendpoint] command.');
  const endpoint = step.job.endpoints.find((candidate) => candidate.id.toLowerCase() === id.toLowerCase());
  if (!endpoint) throw new Error(`Endpoint ${id} is not known to this job.`);
  if (field.toLowerCase() === 'url') {
    endpoint.url = new URL(command.data).toString();
    return;
  }
  if (key === '') throw new Error("Required field 'key' is missing in ##vso[task.setendpoint] command.");
  if (field.toLowerCase() === 'dataparameter') endpoint.data[key] = command.data;
  else if (field.toLowerCase() === 'authparameter') endpoint.authorization.parameters[key] = command.data;
  else throw new Error(`'${field}' is not a field of an endpoint (url, dataParameter, authParameter).`);
}
