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
  checkClosed(at, command);
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

/** An expression that does not end stays in the command, and is nothing that a shell understands. */
export function checkClosed(at: YamlReader, command: string): void {
  const open = command
    .split('${{')
    .slice(1)
    .find((rest) => !rest.includes('}}'));
  if (open === undefined) return;
  throw at.error(`the expression \${{${open.slice(0, 40)} has no end`, 'Close it with }}.');
}

function knownNames(scope: string, names: readonly string[]): string {
  return names.length > 0 ? `The component's ${scope}: ${names.join(', ')}.` : `The component has no ${scope}.`;
}
