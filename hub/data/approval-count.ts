import { useIsFetching } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useApprovals } from './approvals';

/** Longest that the count waits for a page which asks for nothing. */
const patienceMs = 2000;

/**
 * How many approvals wait for the viewer; `undefined` while nobody knows. Asked for after the page has what it shows, so that
 * the first paint does not wait for it.
 */
export function useApprovalCount(): number | undefined {
  const isSettled = useSettled();
  const { approvals, isLoading, problem } = useApprovals('mine', { enabled: isSettled });
  if (!isSettled || isLoading || problem !== undefined) return undefined;
  return approvals.filter(({ mayDecide }) => mayDecide).length;
}

/** Whether the first requests of the page have been answered. */
function useSettled(): boolean {
  const isFetching = useIsFetching() > 0;
  const [hasAsked, setAsked] = useState(false);
  const [isSettled, setSettled] = useState(false);
  useEffect(() => {
    if (isFetching) setAsked(true);
    else if (hasAsked) setSettled(true);
  }, [isFetching, hasAsked]);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(true), patienceMs);
    return () => clearTimeout(timer);
  }, []);
  return isSettled;
}
