import { displayLines } from '../../components/display-text';
import { OnlyNewest } from '../../components/OnlyNewest';
import { ProblemMessage } from '../../components/ProblemMessage';
import { RunLink } from '../../components/RunLink';
import { SkeletonRows } from '../../components/SkeletonRows';
import { Text } from '../../components/Text';
import { utcText } from '../../components/charts/text';
import { ViewLink } from '../../components/ViewLink';
import { useApproval, useApprovals } from '../../data/queries';
import { Bypasses } from '../run/Bypasses';
import { activityOf, decisionsOf, runsOf, type Activity } from './activity';
import type { Known } from './known';

/** Each run whose checks are read costs requests; the runs before these have their own page. */
const mostRuns = 10;

export function ActivityTab({ known }: { known: Known }) {
  const history = useApprovals('history');
  const listed = new Set(history.approvals.map(({ id }) => id));
  const runs = runsOf(known);
  return (
    <>
      <ProblemMessage what="Decisions" severity="warning" problem={history.problem} onRetry={history.refresh} />
      {runs.slice(0, mostRuns).map((run) => (
        <Bypasses key={run.id} run={run} />
      ))}
      {runs.length > mostRuns && (
        <p>{`Bypassed checks were looked for in the newest ${mostRuns} of ${runs.length} runs.`}</p>
      )}
      <OnlyNewest isCut={history.isCut} />
      {history.isLoading && <SkeletonRows rows={2} label="Loading the decisions" />}
      <ol className="version-activity">
        {activityOf(known, history.approvals).map((item, index) => (
          <Item
            key={index}
            item={item}
            isListed={item.approval === undefined || listed.has(item.approval.toLowerCase())}
          />
        ))}
      </ol>
    </>
  );
}

/** @param isListed whether what was decided stands in the list by itself, or is to be asked for */
function Item({ item: { at, text, run, approval, comment }, isListed }: { item: Activity; isListed: boolean }) {
  return (
    <li>
      <When at={at} />
      <div>
        <Text value={text} max={300} /> <RunLink run={run} />{' '}
        {approval !== undefined && (
          <ViewLink view="approvals" params={{ approval }}>
            approval
          </ViewLink>
        )}
        <Comment text={comment} />
        {approval !== undefined && !isListed && <Decision id={approval} />}
      </div>
    </li>
  );
}

/** What was decided longer ago than the list of approvals reaches. */
function Decision({ id }: { id: string }) {
  const { approval, problem, refresh } = useApproval(id);
  return (
    <>
      <ProblemMessage what="The approval" severity="warning" problem={problem} onRetry={refresh} />
      {approval !== undefined &&
        decisionsOf(approval).map(({ at, text, comment }, index) => (
          <div key={index}>
            <When at={at} /> <Text value={text} max={300} />
            <Comment text={comment} />
          </div>
        ))}
    </>
  );
}

/** In a list of what happened, the order and the hour tell more than how long ago it was. */
function When({ at }: { at: string }) {
  return (
    <time dateTime={at} className="secondary-text">
      {utcText(at)}
    </time>
  );
}

function Comment({ text = '' }: { text?: string }) {
  return text === '' ? null : <blockquote className="hub-lines">{displayLines(text)}</blockquote>;
}
