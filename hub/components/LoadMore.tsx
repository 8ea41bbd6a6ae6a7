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
      <span role="status">{hasMore ? `${shown} ${noun} shown; there are more.` : allText(shown, noun)}</span>
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

function allText(shown: number, noun: string): string {
  return shown === 1 ? `The only one of the ${noun} is shown.` : `All ${shown} ${noun} are shown.`;
}
