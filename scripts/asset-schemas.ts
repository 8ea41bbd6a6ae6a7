import path from 'node:path';
import { kinds } from '../lib/assets/kinds/all';
import type { Kind } from '../lib/assets/kinds/kind';
import { schemaDocument } from './schema-document';

/** The schema of a kind of Azure ML file, for editors. */
export function assetSchema({ name, schemas: [file], shape }: Kind): Record<string, unknown> {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: file,
    title: `Azure ML ${name}`,
    ...schemaDocument(shape.schema()),
  };
}

/** The published schemas of Azure ML files: one file a kind, by the name that Azure ML gives it, below docs/schemas/aml. */
export function publishedAssetSchemas(root: string): Map<string, string> {
  return new Map(
    kinds.map((kind) => [
      path.join(root, 'docs', 'schemas', 'aml', kind.schemas[0]),
      JSON.stringify(assetSchema(kind)),
    ]),
  );
}
