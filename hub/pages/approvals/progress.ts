import type { Approval } from '../../data/types';
import { fromText, hasEnough, namesOf, neededOf } from './reasons';

/**
 * `1 of 2 approved (Ben Okafor); waits for Cleo Lind`, in names as they came. Of a service that keeps the steps to itself, the
 * number that is needed. Steps that a decided approval left open wait for nobody, and nobody is waited for once those that
 * approved for later are enough.
 */
export function progressOf(approval: Approval): string {
  const { status, steps } = approval;
  const needed = neededOf(approval);
  if (steps.length === 0) return needed === 0 ? 'not known' : `${needed} needed`;
  const of = (...words: string[]) => steps.filter((step) => words.includes(step.status));
  const approved = of('approved', 'deferred');
  const by = namesOf(approved);
  const missing = needed - of('approved').length;
  const times = of('deferred')
    .flatMap(({ deferredTo }) => deferredTo ?? [])
    .sort();
  // What was rejected or canceled meanwhile takes effect at no time.
  const isOpen = status === 'pending' || status === 'deferred';
  const later = isOpen && missing > 0 ? times[Math.min(missing, times.length) - 1] : undefined;
  const from = later === undefined ? '' : `, ${fromText(later)}`;
  const parts = [`${approved.length} of ${needed} approved${from}${by === '' ? '' : ` (${by})`}`];
  const rejected = namesOf(of('rejected'));
  if (rejected !== '') parts.push(`rejected by ${rejected}`);
  const waiting = status === 'pending' ? namesOf(of('pending')) : '';
  if (waiting !== '') parts.push(hasEnough(approval) ? `${waiting} may still decide` : `waits for ${waiting}`);
  return parts.join('; ');
}
