import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Navigation } from './host';

export type UrlParams = Readonly<Record<string, string | undefined>>;
/** Parameters to set; `undefined` or an empty text removes one. */
export type UrlPatch = Readonly<Record<string, string | undefined>>;

/** The part of a window that is needed. */
export interface Frame {
  history: Pick<History, 'pushState' | 'replaceState'>;
  addEventListener(type: 'popstate', listener: (event: PopStateEvent) => void): void;
  removeEventListener(type: 'popstate', listener: (event: PopStateEvent) => void): void;
}

/**
 * The query of the browser's address as state. The host writes the address but *replaces* its history entry and tells nobody when
 * the user goes back, so the entries are our own: pushing state inside the frame adds to the tab's joint history, and going back
 * arrives here as `popstate`, which then brings the address along.
 */
export class UrlStore {
  private params: UrlParams;
  private readonly listeners = new Set<() => void>();
  private written = Promise.resolve();

  constructor(
    initial: UrlParams,
    private readonly navigation: Pick<Navigation, 'setQueryParams'>,
    private readonly frame: Frame = window,
    private readonly onError: (error: unknown) => void = () => undefined,
  ) {
    this.params = initial;
    frame.history.replaceState({ mlops: initial }, '');
    frame.addEventListener('popstate', this.onPopState);
  }

  readonly read = (): UrlParams => this.params;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** `replace`: no step of its own for the back button, for what changes with each key. */
  readonly patch = (patch: UrlPatch, { replace = false } = {}): void => {
    const next = without({ ...this.params, ...patch });
    if (same(next, this.params)) return;
    if (replace) this.frame.history.replaceState({ mlops: next }, '');
    else this.frame.history.pushState({ mlops: next }, '');
    this.move(next);
  };

  readonly close = (): void => {
    this.frame.removeEventListener('popstate', this.onPopState);
  };

  private readonly onPopState = (event: PopStateEvent): void => {
    const params = stateOf(event.state);
    if (params !== undefined && !same(params, this.params)) this.move(params);
  };

  private move(next: UrlParams): void {
    const removed = Object.keys(this.params).filter((name) => next[name] === undefined);
    this.params = next;
    const set = Object.fromEntries([...Object.entries(next), ...removed.map((name) => [name, ''])]) as Record<
      string,
      string
    >;
    // One after the other: a later address must not be overtaken by an earlier one.
    this.written = this.written.then(() => this.navigation.setQueryParams(set)).catch(this.onError);
    for (const listener of this.listeners) listener();
  }
}

function without(params: UrlPatch): UrlParams {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined && value !== ''));
}

function same(a: UrlParams, b: UrlParams): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}

function stateOf(state: unknown): UrlParams | undefined {
  if (typeof state !== 'object' || state === null || !('mlops' in state)) return undefined;
  const { mlops } = state;
  if (typeof mlops !== 'object' || mlops === null) return undefined;
  return Object.fromEntries(
    Object.entries(mlops).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

export const UrlContext = createContext<UrlStore | undefined>(undefined);

export interface UrlState {
  params: UrlParams;
  patch: UrlStore['patch'];
}

/** Reads and changes the query parameters of the browser's address. */
export function useUrlState(): UrlState {
  const store = useContext(UrlContext);
  if (store === undefined) throw new Error('useUrlState needs the providers of the hub around it.');
  return { params: useSyncExternalStore(store.subscribe, store.read), patch: store.patch };
}
