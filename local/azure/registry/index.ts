import type { Core, Service } from '../service';
import { ofThisRegistry, registryId, registryRoutes } from './arm';
import { Builds } from './builds';
import { Distribution } from './distribution';
import { RegistryStorage } from './storage';
import { RegistryTokens } from './tokens';

/** Container Registry: the registry resource, quick builds, tokens and the `/v2/` API. */
export function createRegistry(core: Core): Service {
  const storage = new RegistryStorage(core.folder('registry'));
  const tokens = openRegistryTokens(core);
  const path =
    '/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}';
  const builds = new Builds(core, storage, path);
  const distribution = new Distribution(storage, tokens, core.url);
  return {
    routes: [...registryRoutes(core), ...ofThisRegistry(builds.routes()), ...tokens.routes(), ...distribution.routes()],
    start: () => builds.start(),
    stop: () => builds.stop(),
  };
}

/** The registry's tokens, also for services that check a client's pull credentials. */
export function openRegistryTokens(core: Core): RegistryTokens {
  return new RegistryTokens(core, (caller, action) => core.allows(caller, action, registryId(core)));
}
