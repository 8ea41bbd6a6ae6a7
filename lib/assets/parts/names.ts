import { pythonText, textLike } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';

/** Names that the service accepts, checked before anything is uploaded for them. */

/** Name of a versioned asset. */
export const assetName = textLike(
  /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/,
  'a name of an asset: letters, digits, dots, dashes and underscores',
);

/** Name of a datastore, a batch deployment: the pattern of the service's own specification. */
export const resourceName = textLike(
  /^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/,
  'a name of a resource: letters, digits, dashes and underscores',
);

/** Name of a connection. */
export const connectionName = textLike(
  /^[A-Za-z0-9][A-Za-z0-9_-]{2,32}$/,
  'a name of a connection: 3 to 33 letters, digits, dashes and underscores',
);

export const namePattern = /^[A-Za-z](?:[-A-Za-z0-9]{1,30}[A-Za-z0-9])$/;

/** Name of an endpoint, or of a deployment that serves online. */
export const endpointName = textLike(
  namePattern,
  'a name of an endpoint or deployment: 3 to 32 letters, digits and dashes, a letter first, no dash last',
);

/** Name of a serverless endpoint: the pattern of the service's own specification. */
export const serverlessName = textLike(
  /^[A-Za-z][A-Za-z0-9-]{0,51}$/,
  'a name of a serverless endpoint: up to 52 letters, digits and dashes, a letter first',
);

/** The endpoint that a deployment belongs to. Whether it exists, the service says. */
export const endpointReference = textLike(/^[^/?#%\\\s]+$/, 'a name of an endpoint');

/** One part of an address: anything else would name another resource than the file says. */
const part = /^(?!\.{1,2}$)[^/?#%\\\s]{1,255}$/;

/** Name of a job, a schedule or an environment: whatever else it may be, it is one part of an address. */
export const addressName = textLike(part, 'a name: without slashes, spaces and ? # % \\');

/** An empty text says nothing: the clients take it for a name that is not given. */
export function unlessEmpty(inner: Shape<string>): Shape<string | undefined> {
  return { ...inner, read: (at, scope) => (at.plain() === '' ? undefined : inner.read(at, scope)) };
}

/** A datastore by its name, with or without `azureml:`; an empty one is the workspace's own. */
export const datastoreName = unlessEmpty(
  refine(textLike(/^(?:azureml:)?[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/, 'a name of a datastore'), (value) =>
    value.replace(/^azureml:/, ''),
  ),
);

/** Name of a job; without one the clients draw it. */
export const jobName = unlessEmpty(addressName);

/** Name of a job that the clients write in lower case. */
export const lowerCaseJobName = unlessEmpty(refine(addressName, (value) => value.toLowerCase()));

/** Name that a job's output is registered under. */
export const outputName = textLike(/^[A-Za-z0-9_-]{0,255}$/, 'a name: letters, digits, dashes and underscores');

/** As in a name, but with spaces: the clients take them, and they can be encoded. */
const versionPart = /^(?!\.{1,2}$)(?:[^/?#%\\\s]| ){1,255}$/;

/** A version; a number counts as its text. */
export const version = refine(pythonText, (value, at) => {
  if (versionPart.test(value)) return value;
  throw at.error(`${at.path} is ${JSON.stringify(value)}, which is not a version: without slashes and ? # % \\`);
});
