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
