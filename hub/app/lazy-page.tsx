import { useEffect, useState, type ComponentType } from 'react';
import { ProblemMessage } from '../components/ProblemMessage';
import { SkeletonRows } from '../components/SkeletonRows';
import { problemOf } from '../devops/problems';
import { useHost } from './providers';

type Loaded = { page: ComponentType } | { error: unknown };

/**
 * A page in a chunk of its own. Not by `React.lazy`: a browser answers the second question for a chunk that failed with the same
 * failure, so that only a reload of everything helps, and that is offered here.
 */
export function lazyPage(load: () => Promise<{ default: ComponentType }>): ComponentType {
  let known: Loaded | undefined;
  return function LazyPage() {
    const [loaded, setLoaded] = useState(known);
    useEffect(() => {
      if (known !== undefined) return;
      load().then(
        ({ default: page }) => setLoaded((known = { page })),
        (error: unknown) => setLoaded({ error }),
      );
    }, []);
    if (loaded === undefined) return <SkeletonRows rows={6} label="Loading the page" />;
    return 'error' in loaded ? <NotLoaded error={loaded.error} /> : <loaded.page />;
  };
}

function NotLoaded({ error }: { error: unknown }) {
  const { navigation } = useHost();
  return (
    <ProblemMessage
      what="This page"
      problem={navigator.onLine ? problemOf(error) : { kind: 'missingScopeOrOffline', offline: true }}
      onRetry={() => {
        // Without a network a reload would take away what is still there.
        if (navigator.onLine) void navigation.reload();
      }}
    />
  );
}
