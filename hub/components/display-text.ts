/**
 * Text that came from a run, safe to look at: control characters become their visible pictures, and characters that are not seen
 * or change the direction of others become U+FFFD, so that a name cannot pose as another one. Joiners stay: scripts and emoji need
 * them. React escapes markup by itself.
 */
export function displayText(text: string): string {
  return text
    .replace(/[\t\r\n\u2028\u2029]+/g, ' ')
    .replace(/\p{Cc}/gu, picture)
    .replace(/(?![\u200c\u200d])[\p{Cf}\p{Cs}]/gu, '\ufffd');
}

function picture(character: string): string {
  const code = character.charCodeAt(0);
  if (code === 0x7f) return '\u2421';
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\ufffd';
}

/** A text of several lines, as a comment: line ends stay. */
export function displayLines(text: string): string {
  return text
    .split(/\r\n|[\r\n\u2028\u2029]/)
    .map(displayText)
    .join('\n');
}

/** First characters of a long text, with an ellipsis; whole code points. */
export function cut(text: string, length: number): string {
  const points = Array.from(text);
  return points.length <= length ? text : `${points.slice(0, length - 1).join('')}…`;
}
