import { Later, type Soon } from '../later';
import type { AssetReference } from '../references';
import { registerEnvironment, type EnvironmentDefinition } from '../register/environment';
import { idOf } from '../register/versions';
import { isMap, isText, union } from '../shape/collections';
import { text } from '../shape/scalars';
import { refine, shape, type Shape } from '../shape/shape';
import { environmentWithin } from './environment';
import { localPath } from './paths';
import { checkPrefix, referenceAt } from './references';

/** The environment of a deployment: one that is registered, or what the file defines. */
export type EnvironmentChoice =
  | { kind: 'reference'; reference: AssetReference; id: Soon<string> }
  | { kind: 'definition'; definition: EnvironmentDefinition; named?: { name: string; version?: string } };

type Defined = EnvironmentDefinition & { name?: string; version?: string };

function defined({ name, version, ...definition }: Defined): EnvironmentChoice {
  return { kind: 'definition', definition, named: name === undefined ? undefined : { name, version } };
}

/** Unlike in jobs, an inline environment with a name is registered under it. */
export const environmentChoice: Shape<EnvironmentChoice> = union<EnvironmentChoice>(
  'a reference or the definition of an environment',
  [
    { when: isMap, shape: refine(environmentWithin, defined) },
    {
      when: (at) => isText(at) && at.asString().startsWith('file:'),
      shape: shape({ type: 'string', pattern: '^file:' }, (at, scope) => {
        const opened = scope.open(localPath(scope.folder, at.asString()), at);
        return defined(environmentWithin.read(opened.reader, opened.scope));
      }),
    },
    {
      when: () => true,
      shape: {
        ...refine(text, (value, at, scope): EnvironmentChoice => {
          checkPrefix(value, at);
          const reference = referenceAt(value, 'environments', at);
          return { kind: 'reference', reference, id: idOf(reference, 'environments', scope.workspaceId, at) };
        }),
        schema: () => ({ type: 'string', pattern: '^azureml:' }),
      },
    },
  ],
);

/** The ARM id of a deployment's environment, registered first where the file defines it. */
export function environmentId(environment: EnvironmentChoice): Soon<string> {
  if (environment.kind === 'reference') return environment.id;
  return new Later((remote) => registerEnvironment(remote, environment.definition, environment.named));
}
