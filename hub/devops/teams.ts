import type { Client } from './client';
import { envelope, fields, type Reader } from './read';

export interface Team {
  id: string;
  name: string;
}

/** The project's teams that the viewer belongs to. */
export async function listOwnTeams(client: Client, signal?: AbortSignal): Promise<Team[]> {
  const answer = await client.send({
    scope: 'organization',
    path: `projects/${encodeURIComponent(client.connection.project)}/teams`,
    query: { $mine: true },
    apiVersion: '7.1',
    read: envelope(team, 'teams'),
    signal,
  });
  return answer.value;
}

const team: Reader<Team> = (value, where) => {
  const read = fields(value, where);
  return { id: read.text('id'), name: read.text('name') };
};
