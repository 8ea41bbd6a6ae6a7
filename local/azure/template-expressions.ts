import { createHash } from 'node:crypto';
import { isObject, type JsonObject } from './json';
import { ArmFault } from './service';

/** What expressions of a template may refer to. */
export interface TemplateScope {
  subscriptionId: string;
  tenantId: string;
  resourceGroup: string;
  location: string;
  parameters: JsonObject;
  variables: JsonObject;
}

type Node =
  | { kind: 'value'; value: string | number }
  | { kind: 'call'; name: string; args: Node[] }
  | { kind: 'member'; of: Node; key: Node };

/**
 * A template's value with its expressions (`[…]` as a whole text; `[[` stands for a bracket) worked out, in depth.
 * @throws ArmFault 400 `InvalidTemplate` naming the expression.
 */
export function evaluated(value: unknown, scope: TemplateScope): unknown {
  if (Array.isArray(value)) return value.map((one) => evaluated(one, scope));
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, evaluated(inner, scope)]));
  if (typeof value !== 'string' || !value.startsWith('[') || !value.endsWith(']')) return value;
  if (value.startsWith('[[')) return value.slice(1);
  try {
    return work(new Parser(value.slice(1, -1)).whole(), scope);
  } catch (error) {
    if (error instanceof ArmFault) throw error;
    throw invalidTemplate(`The template expression '${value}' is not valid: ${String(error)}`);
  }
}

export function invalidTemplate(message: string): ArmFault {
  return new ArmFault(400, 'InvalidTemplate', `Deployment template validation failed: ${message}`);
}

class Parser {
  private readonly tokens: string[];
  private at = 0;

  constructor(text: string) {
    this.tokens = text.match(/'(?:[^']|'')*'|[A-Za-z_]\w*|-?\d+|[^\s]/g) ?? [];
  }

  whole(): Node {
    const node = this.node();
    if (this.at < this.tokens.length) throw new Error(`'${this.tokens[this.at] ?? ''}' is not expected.`);
    return node;
  }

  private node(): Node {
    let node = this.simple();
    for (;;) {
      if (this.take('.')) node = { kind: 'member', of: node, key: { kind: 'value', value: this.next() } };
      else if (this.take('[')) {
        node = { kind: 'member', of: node, key: this.node() };
        this.expect(']');
      } else return node;
    }
  }

  private simple(): Node {
    const token = this.next();
    if (token.startsWith("'")) return { kind: 'value', value: token.slice(1, -1).replaceAll("''", "'") };
    if (/^-?\d+$/.test(token)) return { kind: 'value', value: Number(token) };
    if (!/^[A-Za-z_]/.test(token)) throw new Error(`'${token}' is not expected.`);
    this.expect('(');
    const args: Node[] = [];
    while (!this.take(')')) {
      if (args.length > 0) this.expect(',');
      args.push(this.node());
    }
    return { kind: 'call', name: token, args };
  }

  private next(): string {
    const token = this.tokens[this.at++];
    if (token === undefined) throw new Error('it ends too early.');
    return token;
  }

  private take(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at++;
    return true;
  }

  private expect(token: string): void {
    if (!this.take(token)) throw new Error(`'${token}' is expected.`);
  }
}

function work(node: Node, scope: TemplateScope): unknown {
  if (node.kind === 'value') return node.value;
  if (node.kind === 'member') {
    const of = work(node.of, scope);
    const key = String(work(node.key, scope));
    if (!(isObject(of) || Array.isArray(of))) throw new Error(`there is no '${key}'.`);
    return Object.entries(of).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
  }
  const name = node.name.toLowerCase();
  // Only the branch that is chosen is worked out.
  if (name === 'if') return work(node.args[isTrue(work(part(node, 0), scope)) ? 1 : 2] ?? part(node, 2), scope);
  if (name === 'and') return node.args.every((arg) => isTrue(work(arg, scope)));
  if (name === 'or') return node.args.some((arg) => isTrue(work(arg, scope)));
  const known = functions[name];
  if (known === undefined) throw new Error(`this local Azure does not know the function '${node.name}'.`);
  return known(
    node.args.map((arg) => work(arg, scope)),
    scope,
  );
}

function part(node: Node & { kind: 'call' }, index: number): Node {
  const found = node.args[index];
  if (found === undefined) throw new Error(`${node.name} needs more arguments.`);
  return found;
}

const functions: Record<string, (args: unknown[], scope: TemplateScope) => unknown> = {
  parameters: ([name], scope) => named(scope.parameters, name, 'parameter'),
  variables: ([name], scope) => evaluated(named(scope.variables, name, 'variable'), scope),
  concat: (args) => (args.every(Array.isArray) ? args.flat() : args.map(String).join('')),
  equals: ([a, b]) => JSON.stringify(a) === JSON.stringify(b),
  not: ([a]) => !isTrue(a),
  empty: ([a]) => a === null || a === undefined || (typeof a === 'object' ? Object.keys(a).length === 0 : a === ''),
  json: ([text]) => JSON.parse(String(text)) as unknown,
  string: ([a]) => (typeof a === 'string' ? a : JSON.stringify(a)),
  tolower: ([a]) => String(a).toLowerCase(),
  null: () => null,
  true: () => true,
  false: () => false,
  createarray: (args) => args,
  guid: (args) => {
    const hex = digest(args);
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
  },
  uniquestring: (args) => digest(args).slice(0, 13),
  subscription: (_, { subscriptionId, tenantId }) => ({
    id: `/subscriptions/${subscriptionId}`,
    subscriptionId,
    tenantId,
  }),
  resourcegroup: (_, scope) => ({ id: groupId(scope), name: scope.resourceGroup, location: scope.location }),
  resourceid: resourceId,
};

/** `resourceId([subscription], [group], 'Provider/type/nested', name, nestedName)`. */
function resourceId(args: unknown[], scope: TemplateScope): string {
  const texts = args.map(String);
  const at = texts.findIndex((text) => text.includes('/'));
  const [namespace = '', ...types] = (texts[at] ?? '').split('/');
  const names = texts.slice(at + 1);
  if (at === -1 || names.length !== types.length) throw new Error('resourceId needs a type and a name for each part.');
  const before = texts.slice(0, at);
  const subscriptionId = before.length > 1 ? before[0] : undefined;
  const resourceGroup = before.at(-1);
  const group = groupId({
    ...scope,
    ...(subscriptionId && { subscriptionId }),
    ...(resourceGroup && { resourceGroup }),
  });
  return `${group}/providers/${namespace}/${types.map((type, index) => `${type}/${names[index] ?? ''}`).join('/')}`;
}

function groupId({ subscriptionId, resourceGroup }: TemplateScope): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
}

function named(from: JsonObject, name: unknown, what: string): unknown {
  const found = Object.entries(from).find(([key]) => key.toLowerCase() === String(name).toLowerCase());
  if (found === undefined) throw new Error(`the template has no ${what} '${String(name)}'.`);
  return found[1];
}

function isTrue(value: unknown): boolean {
  return value === true || (typeof value === 'string' && value.toLowerCase() === 'true');
}

function digest(args: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(args)).digest('hex');
}
