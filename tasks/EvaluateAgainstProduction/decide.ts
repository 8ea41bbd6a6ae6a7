import type { EvaluationEvidence } from '../../lib/evidence/types';
import type { Compared } from './compare';
import type { MetricName } from './metric-names';
import type { Policy } from './policy';

export type Decision = EvaluationEvidence['decision'];

export interface Guardrail extends Compared {
  metric: MetricName;
  margin: number;
}

export interface Verdict {
  decision: Decision;
  promote: boolean;
  /** One sentence for the person who approves. */
  reason: string;
}

/**
 * Decides from intervals of the improvement (positive is good for the candidate, `confidence` two-sided).
 * With t = minimumImprovement − margin:
 *
 * - `better`: the whole interval lies above t, and every guardrail's interval lies above −margin (its own). Each condition
 *   alone bounds a wrong promotion by (1 − confidence)/2, so all together do too: an intersection–union test
 *   (Berger 1982) needs no correction for several metrics.
 * - `notBetter`: the candidate scores no better than production on these rows (improvement ≤ 0, an identical model
 *   included), or no interval reaches minimumImprovement (upper ≤ it), or a guardrail is proven worse than its margin.
 * - `unsure`: everything else: the rows cannot tell, or they are fewer than minimumRows.
 *
 * A margin of more than 0 makes the first condition non-inferiority: as good as production, within the margin, is enough.
 */
export function decide(primary: Compared, guardrails: readonly Guardrail[], rows: number, policy: Policy): Verdict {
  const threshold = policy.minimumImprovement - policy.margin;
  const broken = guardrails.find((guardrail) => guardrail.upper <= -guardrail.margin);
  if (broken) {
    return verdict(
      'notBetter',
      policy,
      `its ${broken.metric} is worse than production's by more than ${broken.margin}`,
    );
  }
  const isBetter = primary.lower > threshold;
  if (!isBetter && primary.improvement <= 0) {
    const worse = primary.improvement === 0 ? 'scores the same as' : 'scores worse than';
    return verdict('notBetter', policy, `it ${worse} production on the same rows`);
  }
  if (!isBetter && primary.upper <= policy.minimumImprovement) {
    return verdict('notBetter', policy, 'it does not improve on production by as much as the policy asks for');
  }
  if (rows < policy.minimumRows) {
    return verdict('unsure', policy, `${rows} hold-out rows are fewer than the ${policy.minimumRows} of the policy`);
  }
  if (!isBetter) {
    return verdict('unsure', policy, `with ${rows} rows its improvement cannot be told from chance`);
  }
  const open = guardrails.find((guardrail) => guardrail.lower <= -guardrail.margin);
  if (open) {
    return verdict(
      'unsure',
      policy,
      `with ${rows} rows nobody can say that its ${open.metric} is no worse than allowed`,
    );
  }
  const how = threshold < 0 ? 'it is as good as production within the margin' : 'its improvement is more than chance';
  return verdict('better', policy, how);
}

/** Nothing serves yet: there is nothing to be better than. */
export function firstModel(): Verdict {
  return { decision: 'firstModel', promote: true, reason: 'nothing serves production yet' };
}

function verdict(decision: 'better' | 'notBetter' | 'unsure', policy: Policy, reason: string): Verdict {
  return { decision, promote: decision === 'better' || (decision === 'unsure' && policy.promoteWhenUnsure), reason };
}
