import { useQuery } from '@tanstack/react-query';
import { useClient } from './context';
import { bind, gatedStage } from './gate';
import { keys } from './keys';
import { loadingOf, once } from './loading';
import type { Gate, GateResult } from './results';
import { readEvidence } from './runs';
import type { Approval } from './types';

/**
 * What an approver decides about, read when the panel opens. It does not change behind the reader's back: only `refresh` reads
 * it again, and the decision compares it with what is there by then.
 */
export function useGate(approval: Approval | undefined): GateResult {
  const client = useClient();
  const query = useQuery({
    queryKey: keys.gate(approval?.id ?? ''),
    queryFn: async ({ signal }): Promise<Gate | null> => {
      if (approval === undefined) return null;
      const openedAt = new Date().toISOString();
      const evidence = await readEvidence(client, approval.run.id, signal);
      const stage = gatedStage(evidence.timeline, approval.id);
      return { approval: { ...approval, stage }, stage, openedAt, evidence, ...(await bind(evidence, approval)) };
    },
    enabled: approval !== undefined,
    staleTime: Infinity,
    gcTime: 0,
    refetchOnMount: 'always',
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    ...once,
  });
  return { ...loadingOf(query), gate: query.data ?? undefined };
}
