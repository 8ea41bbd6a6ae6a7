/** Where requests go and in whose name. Made by the app from what the host page says. */
export interface Connection {
  /** Address of the organisation with a trailing slash: `https://dev.azure.com/fabrikam/`. */
  organization: string;
  /** Id of the project. */
  project: string;
  /** A token of the viewer; asked for before every request. `fresh`: the last one was refused. */
  token(options?: { fresh?: boolean }): Promise<string>;
  /** Id of the viewer's identity. */
  userId: string;
  /** Their sign-in name, where the host says it. */
  userName?: string;
}

/** Address below the project's (or the organisation's) `_apis`. Absent query values are left out. */
export function apiUrl(
  connection: Connection,
  path: string,
  query: Query = {},
  scope: 'project' | 'organization' = 'project',
): URL {
  const below = scope === 'project' ? `${encodeURIComponent(connection.project)}/_apis/` : '_apis/';
  const url = new URL(below + path, connection.organization);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.append(name, String(value));
  }
  return url;
}

export type Query = Record<string, string | number | boolean | undefined>;

/** The results page of a run, for when an answer gives no link that may be followed. */
export function runPage(connection: Connection, runId: number): string {
  const project = encodeURIComponent(connection.project);
  return new URL(`${project}/_build/results?buildId=${runId}`, connection.organization).href;
}
