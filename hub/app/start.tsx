import * as SDK from 'azure-devops-extension-sdk';
import type { ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { ProblemMessage } from '../components/ProblemMessage';
import { Boundary } from './boundary';
import { connectHost, type Host } from './host';
import { createQueryClient, Providers } from './providers';
import { followHostTheme } from './theme';
import { UrlStore } from './url-state';

/** Connects to Azure DevOps and shows a page; when the host stays silent, says so instead of staying white. */
export function start(page: ReactNode): void {
  const place = document.getElementById('root');
  if (place === null) throw new Error('The document has no element with the id "root".');
  const root = createRoot(place);
  followHostTheme();
  const show = async (): Promise<void> => {
    const host = await connectHost(SDK);
    const url = await openUrl(host);
    const queries = createQueryClient();
    root.render(
      <Boundary what="This page" advice="The rest of Azure DevOps works.">
        <Providers host={host} url={url} queries={queries}>
          {page}
        </Providers>
      </Boundary>,
    );
    await SDK.notifyLoadSucceeded();
  };
  show().catch((error: unknown) => {
    root.render(<ProblemMessage error={error} onRetry={() => window.location.reload()} />);
    // Not awaited: a host that does not answer does not answer this either.
    void SDK.notifyLoadFailed(error instanceof Error ? error : String(error));
  });
}

async function openUrl(host: Host): Promise<UrlStore> {
  const say = (): void =>
    void host.toast('The address of this page could not be updated; a copied link may lead elsewhere.');
  return new UrlStore(await host.navigation.queryParams(), host.navigation, window, say);
}
