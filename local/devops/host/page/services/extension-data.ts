import { isObject } from '../../../shape';
import type { Host } from '../host';
import { textOf } from './messages';

/** Collection in which single values are kept, as documents with a `value`. */
const settings = '$settings';

/** Documents of the extension: for everybody in the organisation, or for one person. There is no other scope, and no access list. */
export function extensionData({ api, configuration, person }: Host): object {
  const own = `${configuration.extension.publisherId}.${configuration.extension.extensionId}`;
  return {
    getExtensionDataManager: (extensionId: unknown) => {
      if (extensionId !== own) throw new Error(`The extension ${String(extensionId)} is not installed.`);
      const path = (collection: unknown, options: unknown, id?: unknown): string[] => [
        scopeOf(options, person.id),
        textOf(collection),
        ...(id === undefined ? [] : [textOf(id)]),
      ];
      const getDocuments = async (collection: unknown, options?: unknown): Promise<unknown> =>
        api.data('GET', path(collection, options));
      return {
        getValue: async (key: unknown, options?: unknown) => {
          try {
            const document = await api.data('GET', path(settings, options, key));
            return isObject(document) ? document.value : undefined;
          } catch (error) {
            if (isMissing(error)) return isObject(options) ? options.defaultValue : undefined;
            throw error;
          }
        },
        setValue: async (key: unknown, value: unknown, options?: unknown) => {
          await api.data('PUT', path(settings, options), { id: key, __etag: -1, value });
          return value;
        },
        getDocument: async (collection: unknown, id: unknown, options?: unknown) =>
          api.data('GET', path(collection, options, id)),
        getDocuments,
        createDocument: async (collection: unknown, document: unknown, options?: unknown) =>
          api.data('POST', path(collection, options), document),
        setDocument: async (collection: unknown, document: unknown, options?: unknown) =>
          api.data('PUT', path(collection, options), document),
        updateDocument: async (collection: unknown, document: unknown, options?: unknown) =>
          api.data('PATCH', path(collection, options), document),
        deleteDocument: async (collection: unknown, id: unknown, options?: unknown) => {
          await api.data('DELETE', path(collection, options, id));
        },
        queryCollections: (collections: unknown) => query(collections, getDocuments),
        queryCollectionsByName: (names: unknown) =>
          query(Array.isArray(names) ? names.map((name: unknown) => ({ collectionName: name })) : [], getDocuments),
      };
    },
  };
}

/** `Default/Current` or `User/Me`, which are the same names for everybody; the page says whose. */
function scopeOf(options: unknown, personId: string): string {
  const wanted = isObject(options) ? textOf(options.scopeType) : '';
  return wanted.toLowerCase() === 'user' ? `User:${personId}` : 'Default:Current';
}

async function query(
  collections: unknown,
  read: (collection: unknown, options: unknown) => Promise<unknown>,
): Promise<unknown[]> {
  const found = [];
  for (const one of Array.isArray(collections) ? collections : []) {
    const { collectionName, scopeType }: Record<string, unknown> = isObject(one) ? one : {};
    const documents = await read(collectionName, { scopeType }).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    found.push({ collectionName, scopeType: scopeType ?? 'Default', documents });
  }
  return found;
}

function isMissing(error: unknown): boolean {
  return isObject(error) && typeof error.typeKey === 'string' && /DoesNotExistException$/.test(error.typeKey);
}
