import { JSDOM } from 'jsdom';
import Module from 'node:module';
import * as React from 'react';

/**
 * Makes a Node process able to run the hub's components: one jsdom window as globals, style sheets as empty modules, `import()` of
 * a lazy part as a `require` (tsx compiles ES modules of the library and ours to CommonJS, but leaves `import()` to Node, which
 * cannot resolve them), and React as a global for JSX that is compiled the classic way. Only `*.test.tsx` files may load this, and
 * they run in a mocha process of their own (`test/hub/.mocharc.json`), so that no other test sees a window.
 */
const dom = new JSDOM('<!doctype html><html lang="en"><head></head><body></body></html>', {
  url: 'https://hub.example/',
  pretendToBeVisual: true,
});

function define(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

for (const name of Object.getOwnPropertyNames(dom.window)) {
  if (!(name in globalThis)) define(name, Reflect.get(dom.window, name));
}
// Node has these too, of another kind than the window's own nodes and listeners accept.
for (const name of ['window', 'navigator', 'Event', 'CustomEvent', 'EventTarget', 'MouseEvent', 'KeyboardEvent']) {
  define(name, Reflect.get(dom.window, name));
}
define('React', React);
define('IS_REACT_ACT_ENVIRONMENT', true);

/** jsdom lays nothing out; the library's measuring components only have to find these. */
class NoLayout {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
  takeRecords(): [] {
    return [];
  }
}
for (const name of ['ResizeObserver', 'IntersectionObserver']) {
  define(name, NoLayout);
  Reflect.set(dom.window, name, NoLayout);
}
Reflect.set(dom.window.Element.prototype, 'scrollIntoView', () => undefined);
// Without a box of its own an element counts as hidden, and the arrow keys pass it by.
Reflect.set(dom.window.Element.prototype, 'getClientRects', () => [{}]);

/** The library asks for the old key codes, which browsers still send and user-event does not. */
const keyCodes: Record<string, number> = {
  ...{ Backspace: 8, Tab: 9, Enter: 13, Escape: 27, ' ': 32, PageUp: 33, PageDown: 34, End: 35, Home: 36 },
  ...{ ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, Delete: 46 },
};
Object.defineProperty(dom.window.KeyboardEvent.prototype, 'keyCode', {
  get(this: KeyboardEvent) {
    return keyCodes[this.key] ?? this.key.toUpperCase().charCodeAt(0);
  },
});

interface Loader {
  _extensions: Record<string, (module: NodeJS.Module, file: string) => void>;
  prototype: { _compile: (this: NodeJS.Module, code: string, file: string) => unknown };
}
const loader = Module as unknown as Loader;
loader._extensions['.css'] = (module) => {
  module.exports = {};
};
const compile = loader.prototype._compile;
loader.prototype._compile = function (code, file) {
  const lazy = /[\\/]hub[\\/]/.test(file) && !file.includes('node_modules');
  return compile.call(this, lazy ? code.replace(/\bimport\(/g, 'globalThis.__lazy(require,') : code, file);
};
define('__lazy', (load: (name: string) => unknown, name: string) => Promise.resolve().then(() => load(name)));
