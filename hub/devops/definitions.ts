import type { Client } from './client';
import { envelope, fields, id, type Reader } from './read';

export interface Definition {
  id: number;
  name: string;
  /** `\mlops\team-a` */
  folder: string;
}

const top = 1000;

/** The project's pipelines that the viewer may see. */
export async function listDefinitions(client: Client, signal?: AbortSignal): Promise<Definition[]> {
  const answer = await client.send({
    path: 'build/definitions',
    query: { $top: top, queryOrder: 'definitionNameAscending' },
    apiVersion: '7.1',
    read: envelope(definition, 'definitions'),
    signal,
  });
  return answer.value;
}

const definition: Reader<Definition> = (value, where) => {
  const read = fields(value, where);
  return { id: read.required('id', id), name: read.text('name'), folder: read.maybeText('path') ?? '\\' };
};
