import type { Approval } from '../../data/types';
import { namesOf } from './reasons';

/**
 * `1 of 2 approved (Ben Okafor); waits for Cleo Lind`, in names as they came. Of a service that keeps the steps to itself, the
 * number that is needed. Steps that a decided approval left open wait for nobody.
 */
export function progressOf({ status, steps, minRequiredApprovers }: Approval): string {
  const needed = minRequiredApprovers > 0 ? minRequiredApprovers : steps.length;
  if (steps.length === 0) return needed === 0 ? 'not known' : `${needed} needed`;
  const of = (...words: string[]) => steps.filter((step) => words.includes(step.status));
  const approved = of('approved', 'deferred');
  const by = namesOf(approved);
  const parts = [`${approved.length} of ${needed} approved${by === '' ? '' : ` (${by})`}`];
  const rejected = namesOf(of('rejected'));
  if (rejected !== '') parts.push(`rejected by ${rejected}`);
  const waiting = status === 'pending' ? namesOf(of('pending')) : '';
  if (waiting !== '') parts.push(`waits for ${waiting}`);
  return parts.join('; ');
}
