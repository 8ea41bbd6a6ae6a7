import type { SecretMasker } from './masker';
import { readOnlyVariables } from './names';

export interface Variable {
  name: string;
  value: string;
  secret: boolean;
  readOnly: boolean;
  preserveCase: boolean;
}

export interface VariableFlags {
  secret?: boolean;
  readOnly?: boolean;
  preserveCase?: boolean;
}

const maxDepth = 50;

/**
 * The variables of one job (agent source `Variables.cs`). Names are compared without case. Two maps are kept: as set, and
 * expanded by each other; `recalculate` makes the second from the first before every step.
 */
export class Variables {
  private readonly nonExpanded = new Map<string, Variable>();
  private expanded = new Map<string, Variable>();

  constructor(private readonly masker: SecretMasker) {}

  /** Sets the start values of a job. Secrets among them are the person's own, so every derived form is masked as well. */
  load(variables: Iterable<Pick<Variable, 'name' | 'value'> & VariableFlags>): string[] {
    for (const variable of variables) {
      if (variable.name.trim() === '') continue;
      this.nonExpanded.set(variable.name.toLowerCase(), {
        name: variable.name,
        value: variable.value,
        secret: variable.secret ?? false,
        readOnly: variable.readOnly ?? false,
        preserveCase: variable.preserveCase ?? false,
      });
      if (variable.secret) this.masker.addUserSecret(variable.value);
    }
    return this.recalculate();
  }

  get(name: string): string | undefined {
    return this.expanded.get(name.toLowerCase())?.value;
  }

  flag(name: string): boolean {
    return toBoolean(this.get(name) ?? '');
  }

  all(): Variable[] {
    return [...this.expanded.values()];
  }

  isReadOnly(name: string): boolean {
    const variable = this.expanded.get(name.toLowerCase());
    return variable !== undefined && (variable.readOnly || readOnlyVariables.has(name.toLowerCase()));
  }

  /** What was secret or read-only once stays so. The value counts as expanded until the next recalculation. */
  set(name: string, value: string, flags: VariableFlags = {}): void {
    const before = this.expanded.get(name.toLowerCase());
    const secret = flags.secret === true || before?.secret === true;
    if (secret) this.masker.add(value);
    const variable: Variable = {
      name,
      value,
      secret,
      readOnly: flags.readOnly === true || before?.readOnly === true,
      preserveCase: flags.preserveCase === true,
    };
    this.expanded.set(name.toLowerCase(), variable);
    this.nonExpanded.set(name.toLowerCase(), variable);
  }

  /** Expands the variables by each other; answers the warnings (cycles, depth). */
  recalculate(): string[] {
    const warnings: string[] = [];
    const expanded = new Map(this.nonExpanded);
    for (const [key, variable] of this.nonExpanded) {
      const state = { secret: variable.secret, error: '' };
      const value = this.expandNested(variable, [key], state);
      if (state.error !== '') {
        warnings.push(state.error);
      } else if (value !== variable.value) {
        if (state.secret) this.masker.add(value);
        expanded.set(key, { ...variable, value, secret: state.secret });
      }
    }
    this.expanded = expanded;
    return warnings;
  }

  private expandNested(variable: Variable, path: string[], state: { secret: boolean; error: string }): string {
    const root = this.nonExpanded.get(path[0] ?? '')?.name ?? variable.name;
    return scanMacros(variable.value, (name) => {
      const key = name.toLowerCase();
      const nested = this.nonExpanded.get(key);
      if (!nested || state.error !== '') return undefined;
      if (path.length === maxDepth) {
        state.error = `Unable to expand variable '${root}'. The max expansion depth (${maxDepth}) was exceeded.`;
        return undefined;
      }
      if (path.includes(key)) {
        state.error = `Unable to expand variable '${root}'. A cyclical reference was detected.`;
        return undefined;
      }
      state.secret ||= nested.secret;
      return this.expandNested(nested, [...path, key], state);
    });
  }

  /** Replaces `$(name)` in a text; what is inserted is not looked at again. */
  expand(text: string): string {
    return scanMacros(text, (name) => this.get(name));
  }
}

/** Replaces each `$(name)` that `lookUp` knows. An unknown one stays, and the search goes on one character later. */
export function scanMacros(text: string, lookUp: (name: string) => string | undefined): string {
  let result = text;
  let start = 0;
  for (;;) {
    const open = result.indexOf('$(', start);
    const close = open < 0 ? -1 : result.indexOf(')', open + 2);
    if (open < 0 || close < 0) return result;
    const name = result.slice(open + 2, close);
    const value = name === '' ? undefined : lookUp(name);
    if (value === undefined) {
      start = open + 1;
    } else {
      result = result.slice(0, open) + value + result.slice(close + 1);
      start = open + value.length;
    }
  }
}

/** `StringUtil.ConvertToBoolean` of the agent: what is not one of the words for true is false. */
export function toBoolean(text: string): boolean {
  return ['1', 'true', '$true'].includes(text.trim().toLowerCase());
}
