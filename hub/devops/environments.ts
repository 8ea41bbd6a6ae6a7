import type { Client } from './client';
import { envelope, fields, id, type Reader } from './read';

export interface Environment {
  id: number;
  name: string;
  description: string;
}

export interface EnvironmentList {
  environments: Environment[];
  /** The service had more than one page gives. */
  isCut: boolean;
}

const top = 1000;

/** The project's environments that the viewer may see. */
export async function listEnvironments(client: Client, signal?: AbortSignal): Promise<EnvironmentList> {
  const answer = await client.send({
    path: 'pipelines/environments',
    query: { $top: top },
    apiVersion: '7.2-preview.1',
    read: envelope(environment, 'environments'),
    signal,
  });
  const isCut = answer.value.length >= top || answer.continuationToken !== undefined;
  return { environments: answer.value, isCut };
}

const environment: Reader<Environment> = (value, where) => {
  const read = fields(value, where);
  return {
    id: read.required('id', id),
    name: read.text('name'),
    description: read.maybeText('description') ?? '',
  };
};
