import type { YamlReader } from '../../agent/yaml';

/** What may follow the name of an input or output in an expression. */
const attributes = /^(?:\.(?:path|type|mode|default|description|optional|min|max|enum))?$/;

/**
 * `${{inputs.x}}` and `${{outputs.x}}` in a component's command must name what the component declares: the service finds out
 * only when the component runs. `$[[…]]` (optional arguments) may hold them too.
 *
 * @param names what is declared, by scope
 */
export function checkCommand(
  at: YamlReader,
  command: string,
  names: { inputs: readonly string[]; outputs: readonly string[] },
): void {
  for (const [whole, expression = ''] of command.matchAll(/\$\{\{\s*(\S*?)\s*\}\}/g)) {
    const [scope = ''] = expression.split('.', 1);
    const known = scope === 'inputs' || scope === 'outputs' ? names[scope] : undefined;
    const rest = expression.slice(scope.length + 1);
    if (known?.some((name) => rest.startsWith(name) && attributes.test(rest.slice(name.length))) === true) continue;
    throw at.error(
      known
        ? `the command uses ${whole}, but the component has no such ${scope.slice(0, -1)}`
        : `the command uses ${whole}`,
      known ? knownNames(scope, known) : 'An expression begins with inputs. or outputs.',
    );
  }
}

function knownNames(scope: string, names: readonly string[]): string {
  return names.length > 0 ? `The component's ${scope}: ${names.join(', ')}.` : `The component has no ${scope}.`;
}
