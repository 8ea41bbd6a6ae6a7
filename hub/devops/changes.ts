import type { Answer, Client } from './client';
import { ownLink } from './links';
import { plainPerson } from './person';
import { envelope, fields, time, type Reader } from './read';

export interface SourceChange {
  /** Commit. */
  id: string;
  message: string;
  author: string;
  at?: string;
  /** Page of the commit, where it lies on the organisation's own host. */
  url?: string;
}

const top = 50;

/** Commits since the run before of the same pipeline and branch, as the service reckons. */
export async function getChanges(client: Client, runId: number, signal?: AbortSignal): Promise<SourceChange[]> {
  const read = envelope(changeReader(client), 'changes');
  const path = `build/builds/${runId}/changes`;
  const answer: Answer<SourceChange[]> = await client.send({
    path,
    query: { $top: top },
    apiVersion: '7.1',
    read,
    signal,
  });
  return answer.value;
}

/** Commits between two runs of a pipeline. */
export async function getChangesBetween(
  client: Client,
  fromRunId: number,
  toRunId: number,
  signal?: AbortSignal,
): Promise<SourceChange[]> {
  const answer = await client.send({
    path: 'build/changes',
    query: { fromBuildId: fromRunId, toBuildId: toRunId, $top: top },
    apiVersion: '7.1',
    read: envelope(changeReader(client), 'changes'),
    signal,
  });
  return answer.value;
}

function changeReader(client: Client): Reader<SourceChange> {
  return (value, where) => {
    const read = fields(value, where);
    return {
      id: read.maybeText('id') ?? '',
      message: read.maybeText('message') ?? '',
      author: read.maybe('author', plainPerson)?.displayName ?? 'unknown',
      at: read.maybe('timestamp', time),
      url: ownLink(client.connection, read.value('displayUri'))?.href,
    };
  };
}
