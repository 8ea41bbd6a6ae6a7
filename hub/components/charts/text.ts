import { displayText } from '../display-text';

/** Numbers beside each other: with as many digits as it takes that what differs also looks different. */
export function numberTexts(values: readonly number[]): string[] {
  // What is the same at the most digits must not hide that a third one is not.
  const distinct = distinctAt(values, most);
  let digits = fewest;
  while (digits < most && distinctAt(values, digits) < distinct) digits += 1;
  return values.map((value) => roundedText(value, digits));
}

/** As numbers: `1000000` and `1.00e+6` do not look different. */
function distinctAt(values: readonly number[], digits: number): number {
  const texts = values.filter(Number.isFinite).map((value) => roundedText(value, digits));
  return new Set(texts.map((text) => Number(text.replace('−', '-')))).size;
}

const fewest = 4;
/** Beyond it two numbers count as the same: `directionOf`. */
const most = 10;

/** A number as the charts write it: four significant digits at most, never an exponent between a millionth and a million. */
export function numberText(value: number): string {
  return roundedText(value, fewest);
}

function roundedText(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'not a number';
  if (!Number.isFinite(value)) return value > 0 ? 'infinite' : 'minus infinite';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-6) return minus(value.toExponential(digits - 2));
  return minus(String(Number(value.toPrecision(digits))));
}

/** As `numberText`, with a plus sign before what is greater than zero: for differences. */
export function differenceText(value: number): string {
  return value > 0 && Number.isFinite(value) ? `+${numberText(value)}` : numberText(value);
}

/** `2026-11-21 09:30 UTC`, whatever the zone of the machine; what is no time is said to be none. */
export function utcText(time: string | number): string {
  return isoText(time, 'YYYY-MM-DDTHH:mm'.length);
}

/** `2026-11-21 09:30:12 UTC`: where the second decides what served. */
export function utcSecondsText(time: string | number): string {
  return isoText(time, 'YYYY-MM-DDTHH:mm:ss'.length);
}

function isoText(time: string | number, length: number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return 'unknown time';
  return `${date.toISOString().slice(0, length).replace('T', ' ')} UTC`;
}

/** Names, foreign ones among them, of a long list: all of a short one, else the first with the number of the others. */
export function listText(parts: readonly string[], most = 12): string {
  const shown = parts.slice(0, most).join(', ');
  return parts.length > most ? `${shown} and ${parts.length - most} more` : shown;
}

/** Cuts a text so that it fits into `width` pixels; what is cut ends in `…`. Nothing is left of a text that has no room at all. */
export function fitText(foreign: string, width: number, size = fontSize): string {
  const text = displayText(foreign);
  if (widthOf(text, size) <= width) return text;
  let room = width - widthOf('…', size);
  let shown = '';
  for (const character of text) {
    room -= widthOf(character, size);
    if (room < 0) break;
    shown += character;
  }
  return shown === '' ? '' : `${shown.trimEnd()}…`;
}

/** Size of the charts' text in pixels. */
export const fontSize = 12;

/**
 * Width that a text takes at most, in pixels: an SVG has no line box to ask before it is drawn. 0.62 em is more than an
 * average character of Segoe UI and of the fonts that stand in for it; wide scripts count as a full em.
 */
export function widthOf(text: string, size = fontSize): number {
  let width = 0;
  for (const character of text) width += size * ((character.codePointAt(0) ?? 0) > 0x2e7f ? 1 : widestCharacter);
  return width;
}

const widestCharacter = 0.62;

function minus(text: string): string {
  return text.replace(/^-/, '−');
}
