import type { Host } from '../host';

/** Areas of the REST API, all of which are served at one address here; the service spreads them over several hosts. */
const areas = new Set([
  '965220d5-5bb9-42cf-8d67-9b146df2a5a4', // Build
  'a85b8835-c1a1-4aac-ae97-1c3d0ba72dbd', // TaskAgent: environments
  '5264459e-e5e0-4bd8-b118-0985e68a4ec5', // Work item tracking
  '79134c72-4a58-4b42-976c-04e7115f32bf', // Core
  '4e080c62-fa21-4fbc-8fef-2a10a2b38049', // Git
  '1814ab31-2f4f-4a9f-8761-f4d77dc5a5d7', // Service endpoints
  'bb1e7ec9-e901-4b68-999a-de7012b920f8', // Graph
  '6c2b0933-3600-42ae-bf8b-93d4f7e83594', // Extension management
  '8477aec9-a4c7-4bd4-a456-ba4c53c989cb', // Contributions
]);

export function location({ configuration }: Host): object {
  return {
    getResourceAreaLocation: (id: unknown) => {
      if (typeof id !== 'string' || !areas.has(id.toLowerCase()))
        throw new Error(`There is no resource area ${String(id)}.`);
      return configuration.restUrl;
    },
    getServiceLocation: () => configuration.restUrl,
    routeUrl: (routeId: unknown) => {
      throw new Error(`The route ${String(routeId)} is not known to this host.`);
    },
  };
}
