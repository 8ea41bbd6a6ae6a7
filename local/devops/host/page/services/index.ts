import type { Host } from '../host';
import { buildPageData } from './build-page-data';
import { extensionData } from './extension-data';
import { layout } from './layout';
import { location } from './location';
import { messages } from './messages';
import { navigation } from './navigation';

/** What `SDK.getService(id)` finds on this page: functions become proxies on their way to the extension. */
export function servicesFor(host: Host, runId: number | undefined): ReadonlyMap<string, object> {
  const services = new Map<string, object>([
    ['ms.vss-features.location-service', location(host)],
    ['ms.vss-tfs-web.tfs-page-data-service', { getProject: () => ({ id: host.project.id, name: host.project.name }) }],
    ['ms.vss-features.host-navigation-service', navigation(host)],
    ['ms.vss-features.host-page-layout-service', layout(host)],
    ['ms.vss-tfs-web.tfs-global-messages-service', messages()],
    ['ms.vss-features.extension-data-service', extensionData(host)],
  ]);
  if (runId !== undefined) services.set('ms.vss-build-web.build-page-data-service', buildPageData(host, runId));
  return services;
}
