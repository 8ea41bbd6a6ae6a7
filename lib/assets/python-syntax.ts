/** What is wrong with a script, and where. */
export interface PythonFault {
  line: number;
  problem: string;
}

const closing: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** A comment, a text with its prefix, a bracket, a line break, or anything else. */
const token =
  /#[^\n]*|(?<prefix>[A-Za-z]*)(?<quote>"""|'''|"|')|(?<open>[([{])|(?<close>[)\]}])|\n|\\\n|[A-Za-z0-9_]+|[^]/gy;

/**
 * The first fault of a Python script that shows without Python: a bracket or a text that is not closed, or closed wrongly.
 * Such a script fails when the container starts, minutes after it was deployed. What it finds nothing wrong with may still
 * be no Python.
 */
export function pythonFault(script: string): PythonFault | undefined {
  const open: { bracket: string; line: number }[] = [];
  let line = 1;
  token.lastIndex = 0;
  for (let found = token.exec(script); found; found = token.exec(script)) {
    const { prefix = '', quote, open: opens, close } = found.groups ?? {};
    if (found[0].endsWith('\n')) line++;
    if (opens !== undefined) open.push({ bracket: opens, line });
    if (close !== undefined) {
      const last = open.pop();
      if (!last) return { line, problem: `"${close}" closes nothing` };
      if (closing[last.bracket] !== close) {
        return { line, problem: `"${close}" does not close the "${last.bracket}" of line ${last.line}` };
      }
    }
    if (quote === undefined) continue;
    const end = endOfText(script, token.lastIndex, quote, /f/i.test(prefix));
    if (end === undefined) return { line, problem: `the text that begins with ${quote} is not closed` };
    line += script.slice(token.lastIndex, end).split('\n').length - 1;
    token.lastIndex = end;
  }
  const left = open.at(-1);
  return left && { line: left.line, problem: `"${left.bracket}" is not closed` };
}

/** Where the text ends whose inside begins at `from`; only a formatted one or one in three quotes may go over lines. */
function endOfText(script: string, from: number, quote: string, isFormatted: boolean): number | undefined {
  const goesOn = quote.length === 3 || isFormatted;
  for (let at = from; at < script.length; at++) {
    if (script.startsWith(quote, at)) return at + quote.length;
    if (script[at] === '\\') at++;
    else if (script[at] === '\n' && !goesOn) return undefined;
  }
  return undefined;
}
