import { asList, asObject, asString, asStrings } from '../json';
import { badRequest } from './status';
import { labelsOf, type ApiObject } from './objects';

export type Test = (object: ApiObject) => boolean;

/** `labelSelector` of a list or watch: `a=b,c!=d,e in (f,g),h,!i`. */
export function labelTest(text: string): Test {
  const tests = splitTerms(text).map(labelTerm);
  return (object) => {
    const labels = labelsOf(object);
    return tests.every((test) => test(labels));
  };
}

function splitTerms(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== '');
}

function labelTerm(term: string): (labels: Record<string, string>) => boolean {
  const inSet = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
  if (inSet !== null) {
    const [, key = '', operator, values = ''] = inSet;
    const wanted = values.split(',').map((value) => value.trim());
    return operator === 'in'
      ? (labels) => wanted.includes(labels[key] ?? '\0')
      : (labels) => !wanted.includes(labels[key] ?? '\0');
  }
  const equals = /^([^=!\s]+)\s*(==?|!=)\s*(\S*)$/.exec(term);
  if (equals !== null) {
    const [, key = '', operator, value = ''] = equals;
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  if (/^!?[\w./-]+$/.test(term)) {
    const key = term.replace(/^!/, '');
    return term.startsWith('!') ? (labels) => !(key in labels) : (labels) => key in labels;
  }
  throw badRequest(`unable to parse requirement: ${term}`);
}

/** `fieldSelector`: `metadata.name=x,status.phase!=Running`. */
export function fieldTest(text: string): Test {
  const tests = splitTerms(text).map((term): Test => {
    const match = /^([\w.]+)(==?|!=)(.*)$/.exec(term);
    if (match === null) throw badRequest(`invalid field selector: ${term}`);
    const [, path = '', operator, value = ''] = match;
    return (object) => (fieldAt(object, path) === value) === (operator !== '!=');
  });
  return (object) => tests.every((test) => test(object));
}

function fieldAt(object: unknown, path: string): string {
  const found = path.split('.').reduce<unknown>((value, key) => asObject(value)[key], object);
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? String(found) : '';
}

/** The `LabelSelector` of a deployment or replica set. */
export function matchesSelector(selector: unknown, labels: Record<string, string>): boolean {
  const { matchLabels, matchExpressions } = asObject(selector);
  const byLabels = Object.entries(asStrings(matchLabels)).every(([key, value]) => labels[key] === value);
  const byExpressions = asList(matchExpressions).every((entry) => {
    const { key, operator, values } = asObject(entry);
    const label = labels[asString(key) ?? ''];
    const isListed = label !== undefined && asList(values).includes(label);
    if (operator === 'In') return isListed;
    if (operator === 'NotIn') return !isListed;
    return operator === 'Exists' ? label !== undefined : label === undefined;
  });
  return byLabels && byExpressions;
}
