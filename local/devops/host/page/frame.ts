// Microsoft's own class, by file: the package does not export it, and the wire between page and extension is to be exactly its.
import { channelManager } from '../../../../node_modules/azure-devops-extension-sdk/esm/XDM';
import { isObject } from '../../shape';
import type { Contribution } from './api';
import { button, h } from './dom';
import { handshake } from './handshake';
import type { Host } from './host';
import { servicesFor } from './services';
import { themes, type ThemeName } from './themes';

type Channel = ReturnType<typeof channelManager.addChannel>;

export interface FrameOptions {
  /** What the extension finds by `SDK.getConfiguration()`. */
  configuration?: Record<string, unknown>;
  /** The run whose page shows the extension. */
  runId?: number;
}

/** A page of the extension in an iframe of its own origin, with the objects that it may call. */
export class ExtensionFrame {
  readonly element: HTMLElement;
  private readonly iframe: HTMLIFrameElement;
  private readonly channel: Channel;
  private readonly spinner = h('p', { class: 'loading', role: 'status' }, 'Loading the extension…');
  private isReady = false;

  /** The iframe must be in the document before it has a window to speak to: hence the parent. */
  constructor(
    private readonly host: Host,
    private readonly contribution: Contribution,
    parent: HTMLElement,
    private readonly options: FrameOptions = {},
  ) {
    const { baseUri, name } = host.configuration.extension;
    this.iframe = h('iframe', {
      class: 'external-content--iframe',
      title: `${contribution.name} (${name})`,
      allow: 'clipboard-write',
    });
    this.element = h(
      'div',
      { class: 'external-content', 'data-contribution': contribution.id },
      this.spinner,
      this.iframe,
    );
    parent.append(this.element);
    const { contentWindow } = this.iframe;
    if (!contentWindow) throw new Error('The iframe has no window.');
    this.channel = channelManager.addChannel(contentWindow, new URL(baseUri).origin);
    this.register();
    this.iframe.src = new URL(contribution.uri, baseUri).href;
  }

  /** Tells the extension of another theme, as the platform does when the user changes it. */
  setTheme(theme: ThemeName): void {
    if (!this.isReady) return;
    // Not awaited: an iframe that has just been removed never answers.
    this.channel
      .invokeRemoteMethod('dispatchEvent', 'DevOps.SdkClient', ['themeChanged', { detail: { data: themes[theme] } }])
      .catch((error: unknown) => this.fail(error));
  }

  remove(): void {
    channelManager.removeChannel(this.channel);
    this.element.remove();
  }

  private register(): void {
    const { host, contribution, options } = this;
    const registry = this.channel.getObjectRegistry();
    registry.register('DevOps.HostControl', {
      initialHandshake: (given: unknown) => {
        const { loaded, applyTheme }: Record<string, unknown> = isObject(given) ? given : {};
        this.isReady = true;
        if (loaded !== false) this.show();
        return handshake(host, contribution, {
          configuration: options.configuration ?? {},
          withTheme: applyTheme !== false,
        });
      },
      notifyLoadSucceeded: () => this.show(),
      notifyLoadFailed: (error: unknown) => this.fail(error),
      getAccessToken: async () => ({ token: await host.api.token(host.person.id, 'access') }),
      getAppToken: async () => ({ token: await host.api.token(host.person.id, 'app') }),
      resize: (width: unknown, height: unknown) => {
        if (typeof width === 'number') this.iframe.style.minWidth = `${width}px`;
        if (typeof height === 'number') this.iframe.style.minHeight = `${height}px`;
      },
    });
    const services = servicesFor(host, options.runId);
    registry.register('DevOps.ServiceManager', {
      getService: (id: unknown) => {
        const service = typeof id === 'string' ? services.get(id) : undefined;
        if (!service) throw new Error(`The service ${String(id)} could not be found.`);
        return service;
      },
    });
  }

  private show(): void {
    this.spinner.remove();
    this.iframe.classList.add('shown');
  }

  private fail(error: unknown): void {
    const text = isObject(error) && typeof error.message === 'string' ? error.message : String(error);
    const again = button('Try again', () => location.reload());
    this.spinner.remove();
    this.element.querySelector('.problem')?.remove();
    this.element.prepend(
      h('div', { class: 'problem', role: 'alert' }, h('h2', {}, 'The extension did not load'), h('p', {}, text), again),
    );
  }
}
