import { displayLines, displayText } from '../../components/display-text';
import { ProblemMessage } from '../../components/ProblemMessage';
import { RunLink } from '../../components/RunLink';
import { Text } from '../../components/Text';
import { TimeAgo } from '../../components/TimeAgo';
import { ViewLink } from '../../components/ViewLink';
import { useApprovals, useBypasses } from '../../data/queries';
import { activityOf } from './activity';
import type { Known } from './known';

export function ActivityTab({ known }: { known: Known }) {
  const approvals = useApprovals('history');
  const { bypasses } = useBypasses(known.version.run.id);
  return (
    <>
      <ProblemMessage what="Decisions" severity="warning" problem={approvals.problem} onRetry={approvals.refresh} />
      {bypasses.map(({ stage, check, message }) => (
        <p key={`${stage} ${check}`} role="alert">
          <strong>{`Bypassed: ${displayText(check)} of stage ${displayText(stage)}.`}</strong> {displayText(message)}
        </p>
      ))}
      <ol className="version-activity">
        {activityOf(known, approvals.approvals).map(({ at, text, run, approval, comment }) => (
          <li key={JSON.stringify([at, text, run.id])}>
            <TimeAgo time={at} /> <Text value={text} max={160} /> <RunLink run={run} />{' '}
            {approval !== undefined && (
              <ViewLink view="approvals" params={{ approval }}>
                approval
              </ViewLink>
            )}
            {comment !== undefined && comment !== '' && (
              <blockquote className="hub-lines">{displayLines(comment)}</blockquote>
            )}
          </li>
        ))}
      </ol>
    </>
  );
}
