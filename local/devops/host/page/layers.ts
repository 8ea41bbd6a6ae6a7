import type { Contribution } from './api';
import { button, h } from './dom';
import { ExtensionFrame } from './frame';
import type { Host, Layer } from './host';

const widths = ['small', 'medium', 'large'];

/**
 * Shows a page of the extension in a dialog or a panel. It finds its configuration in the handshake, with a `dialog` or `panel` whose `close(result)`
 * ends it; the opener hears the result. Whatever the removed iframe still had to say is lost, as on the platform.
 */
export function openLayer(host: Host, contribution: Contribution, layer: Layer): void {
  const element = h('dialog', {
    class: `layer ${layer.kind} ${widths[layer.size ?? 0] ?? 'small'}`,
    'aria-labelledby': 'layer-title',
  });
  let result: unknown;
  const control = {
    close: (answer?: unknown): void => {
      result = answer;
      element.close();
    },
  };
  const title = h('h2', { id: 'layer-title' }, layer.title);
  element.append(
    h(
      'header',
      {},
      title,
      button('✕', () => element.close(), { 'aria-label': 'Close' }),
    ),
    layer.description ? h('p', {}, layer.description) : '',
  );
  document.body.append(element);
  const frame = new ExtensionFrame(host, contribution, element, {
    configuration: { ...layer.configuration, [layer.kind]: control },
  });
  element.addEventListener('click', (event) => {
    if (event.target === element && layer.lightDismiss !== false) element.close();
  });
  element.addEventListener('close', () => {
    frame.remove();
    element.remove();
    layer.onClose?.(result);
  });
  element.showModal();
}
