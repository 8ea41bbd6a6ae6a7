import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import { readDocument, writeDocument } from '../files';
import { isObject, list, map, shape, text, type Of } from '../shape';

/** A document of an extension: any JSON object with an id and the version number that the service gives it. */
export type ExtensionDocument = Record<string, unknown>;

const documentShape = (value: unknown, where: string): ExtensionDocument => {
  if (!isObject(value)) throw new DataError(400, 'InvalidDocumentException', `${where}: a document is a JSON object.`);
  return value;
};
const storedShape = shape({ collections: list(shape({ scope: text, name: text, documents: map(documentShape) })) });
type Stored = Of<typeof storedShape>;

/** What one document may hold here; the service publishes no limit. */
const largestDocument = 1024 * 1024;

/** The service's own error names, which callers compare. */
export class DataError extends Error {
  override readonly name = 'DataError';
  constructor(
    readonly status: number,
    readonly typeKey: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Documents of an extension, in collections, per user (`User/<id>`) or for everybody (`Default/Current`). A write must name the version it has read
 * in `__etag`; -1 overwrites whatever is there. Kept in a file when there is a folder for it.
 */
export class ExtensionData {
  private readonly file: string | undefined;
  private readonly stored: Stored;

  constructor(folder: string | undefined) {
    this.file = folder === undefined ? undefined : join(folder, 'extension-data.json');
    this.stored = (this.file === undefined ? undefined : readDocument(this.file, storedShape)) ?? { collections: [] };
  }

  all(scope: string, name: string): ExtensionDocument[] {
    const collection = this.find(scope, name);
    if (!collection) throw missingCollection(name);
    return Object.values(collection.documents);
  }

  get(scope: string, name: string, id: string): ExtensionDocument {
    const collection = this.find(scope, name);
    if (!collection) throw missingCollection(name);
    return member(collection.documents, id) ?? refuseMissing(id, name);
  }

  /** @throws when a document with that id is there. */
  create(scope: string, name: string, value: unknown): ExtensionDocument {
    const document = documentShape(value, 'document');
    const id = idOf(document) ?? randomUUID();
    if (member(this.find(scope, name)?.documents ?? {}, id))
      throw new DataError(409, 'DocumentExistsException', `Document '${id}' exists in collection '${name}' already.`);
    return this.put(scope, name, id, document, 1);
  }

  /** Creates or replaces. */
  set(scope: string, name: string, value: unknown): ExtensionDocument {
    const document = documentShape(value, 'document');
    const id = idOf(document) ?? randomUUID();
    const before = member(this.find(scope, name)?.documents ?? {}, id);
    return this.put(scope, name, id, document, this.nextVersion(id, before, document));
  }

  /** Replaces one that is there. */
  update(scope: string, name: string, value: unknown): ExtensionDocument {
    const document = documentShape(value, 'document');
    const id = idOf(document) ?? '';
    const before = this.get(scope, name, id);
    return this.put(scope, name, id, document, this.nextVersion(id, before, document));
  }

  delete(scope: string, name: string, id: string): void {
    this.get(scope, name, id);
    const collection = this.find(scope, name);
    if (collection)
      collection.documents = Object.fromEntries(Object.entries(collection.documents).filter(([key]) => key !== id));
    this.save();
  }

  private nextVersion(id: string, before: ExtensionDocument | undefined, document: ExtensionDocument): number {
    const version = before === undefined ? 0 : Number(before.__etag);
    const read = document.__etag;
    if (before !== undefined && read !== -1 && read !== version)
      throw new DataError(
        409,
        'InvalidDocumentVersionException',
        `Document '${id}' has been changed by somebody else.`,
      );
    return version + 1;
  }

  private put(
    scope: string,
    name: string,
    id: string,
    document: ExtensionDocument,
    version: number,
  ): ExtensionDocument {
    const kept = { ...document, id, __etag: version };
    if (JSON.stringify(kept).length > largestDocument)
      throw new DataError(413, 'DocumentTooLargeException', `Document '${id}' is larger than 1 MiB.`);
    let collection = this.find(scope, name);
    if (!collection) {
      collection = { scope, name, documents: {} };
      this.stored.collections.push(collection);
    }
    collection.documents = { ...collection.documents, [id]: kept };
    this.save();
    return kept;
  }

  private find(scope: string, name: string): Stored['collections'][number] | undefined {
    return this.stored.collections.find((one) => one.scope === scope && one.name === name);
  }

  private save(): void {
    if (this.file !== undefined) writeDocument(this.file, this.stored);
  }
}

function member<T>(documents: Record<string, T>, id: string): T | undefined {
  return Object.hasOwn(documents, id) ? documents[id] : undefined;
}

function idOf({ id }: ExtensionDocument): string | undefined {
  return typeof id === 'string' && id !== '' ? id : undefined;
}

function missingCollection(name: string): DataError {
  return new DataError(404, 'DocumentCollectionDoesNotExistException', `The collection '${name}' does not exist.`);
}

function refuseMissing(id: string, name: string): never {
  throw new DataError(404, 'DocumentDoesNotExistException', `Document '${id}' does not exist in collection '${name}'.`);
}
