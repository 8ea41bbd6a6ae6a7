import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { publishedAssetSchemas } from './asset-schemas';
import { taskNames } from './build';
import { publishedSchemas } from './evidence-schemas';

/**
 * Writes the tables of inputs, outputs and rights into the documentation, between `<!-- begin NAME -->` and
 * `<!-- end NAME -->`, from each task's task.json and permissions.json, and publishes the schemas of the evidence and of Azure ML files.
 * `--check` only compares, for tests.
 */
const root = path.resolve(__dirname, '..');

interface Input {
  name: string;
  type: string;
  required?: boolean;
  defaultValue?: string;
  options?: Record<string, string>;
  helpMarkDown?: string;
}

interface TaskDescription {
  description: string;
  inputs: Input[];
  outputVariables?: { name: string; description: string }[];
}

interface Permission {
  name: string;
  scope: string;
  why: string;
}

interface Permissions {
  actions: Permission[];
  dataActions: Permission[];
}

function read(task: string, file: string): unknown {
  return JSON.parse(readFileSync(path.join(root, 'tasks', task, file), 'utf8'));
}

function cell(text: string): string {
  return text
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\|/g, '\\|')
    .trim();
}

function table(head: string[], rows: string[][]): string {
  if (rows.length === 0) return 'None.';
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function inputs({ inputs: list }: TaskDescription): string {
  return table(
    ['input', 'meaning', 'default'],
    list.map((input) => [
      `\`${input.name}\`${input.required ? ' (required)' : ''}`,
      cell([input.helpMarkDown ?? '', choices(input)].filter(Boolean).join(' ')),
      input.defaultValue ? `\`${cell(input.defaultValue)}\`` : '',
    ]),
  );
}

function choices({ options }: Input): string {
  return options
    ? `One of ${Object.keys(options)
        .map((key) => `\`${key}\``)
        .join(', ')}.`
    : '';
}

function outputs({ outputVariables = [] }: TaskDescription): string {
  return table(
    ['output', 'meaning'],
    outputVariables.map(({ name, description }) => [`\`${name}\``, cell(description)]),
  );
}

function rights(task: string): string {
  const { actions, dataActions } = read(task, 'permissions.json') as Permissions;
  const row = (kind: string) => (item: Permission) => [`\`${item.name}\``, item.scope, kind, cell(item.why)];
  return table(
    ['right', 'scope', 'kind', 'why'],
    [...actions.map(row('action')), ...dataActions.map(row('data action'))],
  );
}

function replaceRegion(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${begin} … ${end} is missing`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}

/** The file's text with its tables made anew. */
function renew(file: string, regions: Record<string, string>): string {
  const text = readFileSync(file, 'utf8');
  return Object.entries(regions).reduce((result, [name, content]) => replaceRegion(result, name, content), text);
}

export async function documents(): Promise<Map<string, string>> {
  const { format, resolveConfig } = await import('prettier');
  const files = new Map<string, string>();
  const put = async (file: string, regions: Record<string, string>): Promise<void> => {
    if (!existsSync(file)) throw new Error(`${path.relative(root, file)} is missing`);
    const options = await resolveConfig(file);
    files.set(file, await format(renew(file, regions), { ...options, parser: 'markdown' }));
  };
  for (const task of taskNames()) {
    const description = read(task, 'task.json') as TaskDescription;
    await put(path.join(root, 'docs', 'tasks', `${task}.md`), {
      inputs: inputs(description),
      outputs: outputs(description),
      rights: rights(task),
    });
  }
  await put(path.join(root, 'docs', 'permissions.md'), {
    rights: taskNames()
      .map((task) => `## ${task}\n\n${rights(task)}`)
      .join('\n\n'),
  });
  for (const [file, json] of [...publishedSchemas(root), ...publishedAssetSchemas(root)]) {
    files.set(file, await format(json, { ...(await resolveConfig(file)), parser: 'json' }));
  }
  return files;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  for (const [file, text] of await documents()) {
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    if (values.check) throw new Error(`${path.relative(root, file)} is not up to date: run npm run docs.`);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
