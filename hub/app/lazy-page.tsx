import { lazy, useState, type ComponentType } from 'react';

/** A page in a chunk of its own. After its chunk failed to load, showing the page again asks for it again; `React.lazy` would not. */
export function lazyPage(load: () => Promise<{ default: ComponentType }>): ComponentType {
  let failed = false;
  const make = () =>
    lazy(async () => {
      try {
        return await load();
      } catch (error) {
        failed = true;
        throw error;
      }
    });
  let current = make();
  return function LazyPage() {
    const [Page] = useState(() => {
      if (failed) {
        failed = false;
        current = make();
      }
      return current;
    });
    return <Page />;
  };
}
