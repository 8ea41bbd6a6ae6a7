/**
 * Makes foreign text harmless before it reaches the agent's log.
 *
 * The agent looks for `##vso[` anywhere in any line of stdout and stderr, with a culture-sensitive search that skips
 * ignorable characters (azure-pipelines-agent, Command.TryParse); `##[` draws false errors and groups. Both are broken
 * visibly, the way the agent treats commit messages (`##vso` → `**vso`).
 */

// Characters that a culture-sensitive comparison does not see, controls among them. Tab is kept.
const ignorable = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
const controls = /\p{Cc}/gu;
const command = /##(?=\s*(?:vso)?\s*\[)/gi;
const lineBreak = /\r\n|[\n\r\u0085\u2028\u2029\v\f]/;

/** The lines of `text`, each safe to print: no logging command, no control characters, no carriage return. */
export function neutralLines(text: string): string[] {
  return text.split(lineBreak).map(neutralLine);
}

/** One line of foreign text, safe to print. Line breaks inside become spaces. */
export function neutralLine(line: string): string {
  const bare = keepTabs(line, ignorable);
  command.lastIndex = 0;
  return command.test(bare) ? bare.replace(command, '**') : keepTabs(line, controls);
}

function keepTabs(line: string, pattern: RegExp): string {
  return line.replace(pattern, (character) => {
    if (character === '\t') return '\t';
    return lineBreak.test(character) ? ' ' : '';
  });
}
