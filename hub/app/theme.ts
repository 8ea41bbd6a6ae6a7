import { useSyncExternalStore } from 'react';

let version = 0;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) window.addEventListener('themeApplied', onTheme);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) window.removeEventListener('themeApplied', onTheme);
  };
}

function onTheme(): void {
  version += 1;
  for (const listener of listeners) listener();
}

/** Changes when the host applied another theme: whoever computed colours from CSS variables computes them again. */
export function useThemeVersion(): number {
  return useSyncExternalStore(subscribe, () => version);
}

/**
 * Browsers draw scroll bars, lists of choices and date pickers themselves: for a light page, or as the system says. The host's
 * theme is to decide, whenever it changes.
 */
export function followHostTheme(): void {
  const { style } = document.documentElement;
  const apply = (): void => {
    style.colorScheme = isDark(getComputedStyle(document.documentElement).getPropertyValue('--background-color'))
      ? 'dark'
      : 'light';
  };
  window.addEventListener('themeApplied', apply);
  apply();
}

/** `rgba(37, 37, 37, 1)`; a theme without a colour is the light one. */
export function isDark(colour: string): boolean {
  const [red = 255, green = 255, blue = 255] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return (red * 299 + green * 587 + blue * 114) / 1000 < 128;
}
