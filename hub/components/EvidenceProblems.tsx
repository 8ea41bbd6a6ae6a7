import { MessageCard, MessageCardSeverity } from 'azure-devops-ui/MessageCard';
import { evidenceProblemText } from '../data/evidence-problems';
import type { EvidenceProblem } from '../data/types';
import { displayText } from './display-text';

export interface EvidenceProblemsProps {
  problems: readonly EvidenceProblem[];
  /** Whose evidence: "Run 20261121.1". */
  of: string;
}

/** What is wrong with records, a sentence each; the rest of the page goes on with those that are sound. */
export function EvidenceProblems({ problems, of }: EvidenceProblemsProps) {
  if (problems.length === 0) return null;
  return (
    <MessageCard className="hub-problem" severity={MessageCardSeverity.Warning} role="alert">
      <strong>{`The evidence of ${displayText(of)} is not in order.`}</strong>
      <ul className="hub-list">
        {problems.map((problem, index) => (
          <li key={`${problem.kind} ${problem.type} ${problem.name} ${index}`}>
            {displayText(evidenceProblemText(problem))}
          </li>
        ))}
      </ul>
    </MessageCard>
  );
}
