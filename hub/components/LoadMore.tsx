import { Button } from 'azure-devops-ui/Button';

export interface LoadMoreProps {
  shown: number;
  /** Plural: "runs". */
  noun: string;
  hasMore: boolean;
  busy?: boolean;
  onMore: () => void;
}

/** How many are shown, and a button for the next ones. */
export function LoadMore({ shown, noun, hasMore, busy = false, onMore }: LoadMoreProps) {
  return (
    <div className="hub-load-more">
      <span role="status">{shownText(shown, noun, hasMore)}</span>
      {hasMore && (
        <Button
          text={busy ? 'Loading' : 'Load more'}
          ariaLabel={`Load more ${noun}`}
          disabled={busy}
          onClick={onMore}
        />
      )}
    </div>
  );
}

function shownText(shown: number, noun: string, hasMore: boolean): string {
  if (shown === 0 && !hasMore) return `There are no ${noun}.`;
  const what = shown === 1 ? noun.replace(/s$/, '') : noun;
  if (hasMore) return `${shown} ${what} shown; there are more.`;
  return shown === 1 ? `1 ${what} shown; there are no more.` : `All ${shown} ${what} are shown.`;
}
