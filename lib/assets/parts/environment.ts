import type { YamlReader } from '../../agent/yaml';
import { Later, type Soon } from '../later';
import { sentFrom } from '../place';
import { dumpYaml } from '../pyyaml';
import { registerEnvironment, type EnvironmentDefinition } from '../register/environment';
import { isMap, isText, pythonTextMap, union, unlessBare } from '../shape/collections';
import { dropped, optional, record, required } from '../shape/record';
import { anything, integer, plainData, text, word } from '../shape/scalars';
import { refine, shape, type Shape } from '../shape/shape';
import { answered } from './answered';
import { addressName, datastoreName, version } from './names';
import { assetAt, existingPath, localPath } from './paths';
import { assetId } from './references';

/** A conda file by path, or written inline, in PyYAML's spelling: part of an anonymous environment's version. No path is none. */
const conda: Shape<string | undefined> = shape({ type: ['string', 'object'] }, (at, scope) => {
  if (isText(at) && at.asString() === '') return undefined;
  const content = at.isMap ? at : scope.open(localPath(scope.folder, text.read(at, scope)), at).reader;
  if (!content.isMap) throw content.error('a conda file is a map with name, channels and dependencies');
  return dumpYaml(plainData(content));
});

/** A build context: a local folder, or the address of one in the cloud. */
const build = refine(
  record({ path: required(text), dockerfile_path: optional(text) }),
  ({ path, dockerfilePath }, at, scope): NonNullable<EnvironmentDefinition['build']> => {
    const place = at.required('path');
    if (/^(?:https?|ftps?):\/\//i.test(path)) return { contextUri: path, dockerfilePath };
    const context = assetAt(existingPath.read(place, scope), place, scope);
    if (!context.isFolder)
      throw place.error(
        `${place.path}: ${context.root} is a file, where a folder is meant`,
        'Name the folder of the Dockerfile.',
      );
    return { context, dockerfilePath };
  },
);

const route = record({ path: required(text), port: required(integer) });

const members = {
  datastore: optional(datastoreName),
  id: answered,
  creation_context: answered,
  // The clients send nothing of these.
  auto_delete_setting: answered,
  intellectual_property: answered,
  image: optional(text),
  conda_file: optional(conda),
  build: optional(build),
  inference_config: optional(
    record({ liveness_route: required(route), readiness_route: required(route), scoring_route: required(route) }),
  ),
  os_type: optional(word({ linux: 'Linux', windows: 'Windows' })),
  description: optional(text),
  tags: optional(unlessBare(pythonTextMap)),
};

function checked<T extends EnvironmentDefinition>(inner: Shape<T>): Shape<T> {
  return refine(inner, (value, at) => {
    if (!value.image && !value.build) {
      throw at.error(
        'the environment has neither image nor build',
        'Give it an image, or a build with the folder of a Dockerfile.',
      );
    }
    if (value.image && value.build) throw at.error('the environment has both image and build', 'Keep one of them.');
    if (value.build && value.condaFile !== undefined) {
      throw at.error('a conda_file goes with an image, not with a build', 'Install the packages in the Dockerfile.');
    }
    return value;
  });
}

const named = { name: dropped(anything), version: dropped(anything) };

/** What a file says inline about its environment. A name does not count: it is registered under that of its content. */
export const environmentDefinition: Shape<EnvironmentDefinition> = checked(record({ ...members, ...named }));

/** What a deployment says inline: with a name the environment is registered under it. */
export const environmentWithin = checked(
  record({ ...members, name: optional(addressName), version: optional(version) }),
);

/** A file of its own (`az ml environment create`). Without `version` the next free one is taken. */
export const environmentFile = checked(record({ ...members, name: required(addressName), version: optional(version) }));

/** A Spark cluster brings its own image: the clients write this one where the file says nothing. */
const sparkDefinition: Shape<EnvironmentDefinition> = checked(
  refine(record({ ...members, ...named }), (value): EnvironmentDefinition => {
    return value.image === undefined && !value.build ? { ...value, image: 'conda/miniconda3' } : value;
  }),
);

/**
 * The `environment` of a job, component or deployment, as its ARM id: a reference, an inline definition (registered under its
 * content's name), or `file:path` of an environment file.
 */
export const environment = environmentOf(environmentDefinition);

/** Like `environment`, for what runs on Spark: conda packages alone are enough. */
export const sparkEnvironment = environmentOf(sparkDefinition);

function registered(definition: EnvironmentDefinition, at: YamlReader): Later<string> {
  return new Later((remote) => sentFrom(at, () => registerEnvironment(remote, definition)));
}

function environmentOf(inline: Shape<EnvironmentDefinition>): Shape<Soon<string>> {
  return union<Soon<string>>('a reference or the definition of an environment', [
    {
      when: isMap,
      shape: refine(inline, registered),
    },
    {
      when: (at) => isText(at) && at.asString().startsWith('file:'),
      shape: shape({ type: 'string', pattern: '^file:' }, (at, scope) => {
        const opened = scope.open(localPath(scope.folder, at.asString()), at);
        return registered(inline.read(opened.reader, opened.scope), opened.reader);
      }),
    },
    { when: () => true, shape: assetId('environments') },
  ]);
}
