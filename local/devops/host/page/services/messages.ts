import { isObject } from '../../../shape';
import { button, byId, h, isCallable } from '../dom';

/** Toasts and banners at the top of the page. */
export function messages(): object {
  return {
    addToast: (given: unknown) => addToast(given),
    addBanner: (given: unknown) => addBanner(given),
    closeBanner: () => byId('banners').replaceChildren(),
    addDialog: (given: unknown) => addDialog(given),
    closeDialog: () => document.querySelector<HTMLDialogElement>('dialog.message')?.close(),
  };
}

function addToast(given: unknown): void {
  const toast = isObject(given) ? given : {};
  const area = byId('toasts');
  if (toast.forceOverrideExisting === true) area.replaceChildren();
  const element = h('div', { class: 'toast' }, h('span', {}, textOf(toast.message)));
  if (typeof toast.callToAction === 'string' && toast.callToAction !== '')
    element.append(button(toast.callToAction, () => call(toast.onCallToActionClick)));
  area.append(element);
  const duration = typeof toast.duration === 'number' && toast.duration > 0 ? toast.duration : 3000;
  setTimeout(() => element.remove(), duration);
}

function addBanner(given: unknown): void {
  const banner = isObject(given) ? given : {};
  const level = typeof banner.level === 'number' ? banner.level : 0;
  const kind = ['info', 'warning', 'error', 'success'][level] ?? 'info';
  const element = h('div', { class: `banner ${kind}`, role: kind === 'error' ? 'alert' : 'status' });
  element.append(
    h('strong', {}, textOf(banner.title ?? '')),
    h('span', {}, textOf(banner.message ?? banner.customMessage)),
  );
  if (banner.dismissable !== false) element.append(button('Dismiss', () => element.remove()));
  byId('banners').replaceChildren(element);
}

function addDialog(given: unknown): void {
  const { title, message, onDismiss }: Record<string, unknown> = isObject(given) ? given : {};
  const dialog = h('dialog', { class: 'message', 'aria-labelledby': 'message-title' });
  dialog.append(
    h('h2', { id: 'message-title' }, textOf(title)),
    h('p', {}, textOf(message)),
    h(
      'div',
      { class: 'buttons' },
      button('Close', () => dialog.close(), { class: 'primary' }),
    ),
  );
  dialog.addEventListener('close', () => {
    dialog.remove();
    call(onDismiss);
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** A function of the extension, on the other side of the wire; nobody waits for its answer. */
export function call(callback: unknown, ...args: unknown[]): void {
  if (isCallable(callback)) void callback(...args);
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
