import { isObject } from '../../../shape';
import { button, h } from '../dom';
import type { Host, Layer } from '../host';
import { isNamed } from '../routes';
import { call, textOf } from './messages';

/** Dialogs and panels of the host around pages of the extension, and the full screen. */
export function layout(host: Host): object {
  const open = (kind: Layer['kind'], id: unknown, given: unknown): void => {
    const { title, description, size, lightDismiss, configuration, onClose }: Record<string, unknown> = isObject(given)
      ? given
      : {};
    const contribution = host.configuration.contributions.find((one) => isNamed(host.configuration, one, textOf(id)));
    if (!contribution) throw new Error(`The extension has no page '${String(id)}'.`);
    host.openLayer(contribution, {
      kind,
      title: textOf(title),
      description: textOf(description),
      size: typeof size === 'number' ? size : 0,
      lightDismiss: lightDismiss !== false,
      configuration: isObject(configuration) ? configuration : {},
      onClose: (result) => call(onClose, result),
    });
  };
  return {
    openMessageDialog,
    openCustomDialog: (id: unknown, options: unknown) => open('dialog', id, options),
    openPanel: (id: unknown, options: unknown) => open('panel', id, options),
    getFullScreenMode: () => document.body.classList.contains('full-screen'),
    setFullScreenMode: (on: unknown) => document.body.classList.toggle('full-screen', on === true),
  };
}

function openMessageDialog(message: unknown, given: unknown): void {
  const { title, okText, cancelText, showCancel, lightDismiss, onClose }: Record<string, unknown> = isObject(given)
    ? given
    : {};
  const dialog = h('dialog', { class: 'message', 'aria-labelledby': 'message-title' });
  const close = (answer: string): void => dialog.close(answer);
  dialog.append(
    h('h2', { id: 'message-title' }, textOf(title)),
    h('p', {}, textOf(message)),
    h(
      'div',
      { class: 'buttons' },
      button(textOf(okText) || 'OK', () => close('ok'), { class: 'primary' }),
      showCancel === false ? null : button(textOf(cancelText) || 'Cancel', () => close('')),
    ),
  );
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog && lightDismiss !== false) close('');
  });
  dialog.addEventListener('close', () => {
    dialog.remove();
    call(onClose, dialog.returnValue === 'ok');
  });
  document.body.append(dialog);
  dialog.showModal();
}
