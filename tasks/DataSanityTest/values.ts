import { isIP, isIPv4, isIPv6 } from 'node:net';

/** What a cell means by its column's logical type. */
export type Value = string | number | bigint | boolean;

/** The value of a cell, `undefined` when the cell does not have the type. */
export type ValueReader = (text: string) => Value | undefined;

const integer = /^[+-]?\d+$/;
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Digits only: `Number('')` is 0, `Number(' 7 ')` is 7 and `Number('0x1F')` is 31. Exact beyond 2⁵³. */
export const readInteger: ValueReader = (text) => {
  if (!integer.test(text)) return undefined;
  if (text.length <= 15) return Number(text);
  const exact = BigInt(text.replace(/^\+/, ''));
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
};

/** Decimal notation with an optional exponent; no infinities. */
export const readNumber: ValueReader = (text) => {
  if (!decimal.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
};

/** `true` or `false`, any case. */
export const readBoolean: ValueReader = (text) => {
  const lower = text.toLowerCase();
  if (lower === 'true') return true;
  return lower === 'false' ? false : undefined;
};

/** Length in characters as people count them: an emoji is one, not two UTF-16 units. */
export function codePoints(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xd800 && unit <= 0xdbff && index + 1 < text.length) {
      const next = text.charCodeAt(index + 1);
      if (next >= 0xdc00 && next <= 0xdfff) index++;
    }
    count++;
  }
  return count;
}

/** Remainder zero; decimal multiples within the precision of a double. */
export function isMultiple(value: number | bigint, of: number): boolean {
  if (typeof value === 'bigint')
    return Number.isInteger(of) ? value % BigInt(of) === 0n : isMultiple(Number(value), of);
  const quotient = value / of;
  return Math.abs(quotient - Math.round(quotient)) <= 1e-9 * Math.max(1, Math.abs(quotient));
}

/** Ranges of ODCS's integer formats (Rust's integer types). */
export function integerRange(format: string): { minimum: bigint; maximum: bigint } | undefined {
  const found = /^([iu])(8|16|32|64|128)$/.exec(format);
  if (!found) return undefined;
  const bits = BigInt(found[2] ?? 0);
  return found[1] === 'i'
    ? { minimum: -(2n ** (bits - 1n)), maximum: 2n ** (bits - 1n) - 1n }
    : { minimum: 0n, maximum: 2n ** bits - 1n };
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
// The form of HTML's input type=email, which is what people mean by it.
const emailLocal = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}$/i;

/** Formats of strings that can be checked. */
export const stringFormats: Record<string, (text: string) => boolean> = {
  email: (text) => {
    const at = text.lastIndexOf('@');
    return at > 0 && emailLocal.test(text.slice(0, at)) && isHostname(text.slice(at + 1));
  },
  uuid: (text) => uuid.test(text),
  uri: (text) => /^[a-z][a-z0-9+.-]*:[^\s]+$/i.test(text) && URL.canParse(text),
  hostname: isHostname,
  ipv4: isIPv4,
  ipv6: isIPv6,
};

function isHostname(text: string): boolean {
  return text.length <= 253 && isIP(text) === 0 && text.split('.').every((part) => label.test(part));
}
