import type { Contribution } from './api';
import type { Host } from './host';
import { fullId } from './routes';
import { themeIds, themes } from './themes';

/** The answer to an extension's first call, in the present form or in the earlier one that some pages still send. */
export function handshake(
  host: Host,
  { id }: Contribution,
  { configuration, withTheme }: { configuration: Record<string, unknown>; withTheme: boolean },
): Record<string, unknown> {
  const { extension, organization, organizationId } = host.configuration;
  const { publisherId, extensionId, version, baseUri } = extension;
  const contributionId = fullId(host.configuration, id);
  const theme = withTheme ? { themeData: themes[host.settings.theme] } : {};
  const user = {
    descriptor: host.person.descriptor,
    id: host.person.id,
    name: host.person.mail,
    displayName: host.person.displayName,
    imageUrl: '',
  };
  const hosted = { id: organizationId, name: organization, serviceVersion: 'Dev21.M275.1', type: 4, isHosted: true };
  const pageContext = {
    webContext: { project: { id: host.project.id, name: host.project.name }, team: host.project.team },
    globalization: {
      culture: 'en-US',
      theme: themeIds[host.settings.theme],
      explicitTheme: '',
      timeZoneId: 'UTC',
      timezoneOffset: 0,
      typeAheadDisabled: false,
    },
    timeZonesConfiguration: { daylightSavingsAdjustments: [] },
  };
  if (host.settings.handshake === 'legacy') {
    return {
      pageContext,
      contribution: { id: contributionId },
      extensionContext: { publisherId, extensionId, version, baseUri },
      context: { user, host: hosted },
      initialConfig: configuration,
      ...theme,
    };
  }
  return {
    contributionId,
    initialConfig: configuration,
    ...theme,
    context: {
      extension: { id: `${publisherId}.${extensionId}`, publisherId, extensionId, version, baseUri },
      user,
      host: hosted,
      pageContext,
    },
  };
}
