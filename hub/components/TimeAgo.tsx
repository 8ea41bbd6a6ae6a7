import { displayText } from './display-text';
import { absoluteTime, relativeTime, useNow } from './time';

export interface TimeAgoProps {
  /** ISO 8601. */
  time: string | undefined;
}

/** How long ago, with the exact time in UTC as tooltip; what is no time is shown as it came. */
export function TimeAgo({ time }: TimeAgoProps) {
  const now = useNow();
  if (time === undefined) return <span className="secondary-text">unknown</span>;
  const at = Date.parse(time);
  if (Number.isNaN(at)) return <bdi title="This is not a time.">{displayText(time)}</bdi>;
  return (
    <time dateTime={new Date(at).toISOString()} title={absoluteTime(at)}>
      {relativeTime(at, now)}
    </time>
  );
}
