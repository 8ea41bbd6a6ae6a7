import { armRoute, type Answer, type Call, type Core, type Route } from '../service';
import { page } from './versioned';
import {
  invalid,
  isObject,
  notFound,
  object,
  optionalText,
  param,
  provider,
  text,
  textMap,
  workspaceId,
  workspacePath,
  type Json,
} from './wire';

const one = `${workspacePath}/connections/{connection}`;

const authTypes = [
  ...['PAT', 'ManagedIdentity', 'UsernamePassword', 'None', 'SAS', 'AccountKey', 'ServicePrincipal', 'AccessKey'],
  ...['ApiKey', 'CustomKeys', 'OAuth2', 'AAD'],
];

/** Connections of a workspace (swagger: `WorkspaceConnections_*`). Credentials are kept apart: only `listsecrets` gives them. */
export function connectionRoutes(core: Core): Route[] {
  const connections = new Connections(core);
  return [
    armRoute('PUT', one, (call) => connections.put(call)),
    armRoute('GET', one, (call) => ({ status: 200, body: connections.find(call) })),
    armRoute('DELETE', one, (call) => connections.delete(call)),
    armRoute('GET', `${workspacePath}/connections`, (call) => connections.list(call)),
    armRoute('POST', `${one}/listsecrets`, (call) => connections.listSecrets(call)),
  ];
}

class Connections {
  constructor(private readonly core: Core) {}

  put(call: Call): Answer {
    const id = this.id(call);
    const name = param(call, 'connection');
    if (!/^[A-Za-z0-9][\w-]{2,32}$/.test(name))
      throw invalid(
        `The connection name '${name}' must have 3 to 33 letters, digits, dashes and underscores.`,
        'InvalidName',
        'name',
      );
    const asked = object(object(call.json(), 'body')['properties'], 'properties');
    const authType = text(asked, 'authType', 'properties');
    if (!authTypes.includes(authType))
      throw invalid(
        `'${authType}' is not an authType; there are ${authTypes.join(', ')}.`,
        'ValidationError',
        'properties.authType',
      );
    const existing = this.core.store.get(id);
    const now = new Date().toISOString();
    const before = isObject(existing) && isObject(existing['systemData']) ? existing['systemData'] : undefined;
    const { credentials, value, ...shown } = asked;
    const document: Json = {
      id,
      name,
      type: `${provider}/workspaces/connections`,
      properties: {
        ...shown,
        authType,
        category: text(asked, 'category', 'properties'),
        target: optionalText(asked, 'target', 'properties') ?? '',
        metadata: textMap(asked['metadata'], 'properties.metadata'),
        isSharedToAll: asked['isSharedToAll'] !== false,
        createdByWorkspaceArmId: workspaceId(call),
      },
      systemData: {
        ...(before ?? { createdAt: now, createdBy: call.caller.objectId, createdByType: 'Application' }),
        lastModifiedAt: now,
      },
    };
    this.core.store.set(id, document);
    this.core.store.set(`connection-secrets/${id}`, { credentials: credentials ?? null, value: value ?? null });
    return { status: 200, body: document };
  }

  delete(call: Call): Answer {
    const id = this.id(call);
    if (this.core.store.get(id) === undefined) return { status: 204 };
    this.core.store.delete(`connection-secrets/${id}`);
    this.core.store.delete(id);
    return { status: 200 };
  }

  /** Narrowed by `target` and `category`. */
  list(call: Call): Answer {
    const all = this.core.store.keys(`${workspaceId(call)}/connections/`).map((key) => this.core.store.get(key));
    const fits = (document: Json, key: string): boolean => {
      const wanted = call.query.get(key);
      return wanted === null || (isObject(document['properties']) && document['properties'][key] === wanted);
    };
    return page(
      call,
      all.filter(isObject).filter((document) => fits(document, 'target') && fits(document, 'category')),
    );
  }

  listSecrets(call: Call): Answer {
    const document = this.find(call);
    const kept = this.core.store.get(`connection-secrets/${this.id(call)}`);
    const { credentials } = isObject(kept) ? kept : { credentials: null };
    return {
      status: 200,
      body: { ...document, properties: { ...object(document['properties'], 'properties'), credentials } },
    };
  }

  find(call: Call): Json {
    const found = this.core.store.get(this.id(call));
    if (isObject(found)) return found;
    throw notFound('ConnectionNotFound', `The connection '${param(call, 'connection')}' was not found.`);
  }

  private id(call: Call): string {
    return `${workspaceId(call)}/connections/${param(call, 'connection')}`;
  }
}
