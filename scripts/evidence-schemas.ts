import path from 'node:path';
import { evidenceSchemas } from '../lib/evidence/schemas/all';

/** The published schemas of the records that runs leave behind: one file a kind, by name below docs/schemas/evidence. */
export function publishedSchemas(root: string): Map<string, string> {
  const folder = path.join(root, 'docs', 'schemas', 'evidence');
  return new Map(
    Object.entries(evidenceSchemas).map(([kind, schema]) => [
      path.join(folder, `${kind}.json`),
      JSON.stringify(schema),
    ]),
  );
}
