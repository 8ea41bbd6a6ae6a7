import { useEffect, useRef, useState } from 'react';
import { useHost } from '../app/providers';
import { displayLines } from './display-text';
import { SkeletonRows } from './SkeletonRows';

export interface MarkdownProps {
  /** Markdown from a run: anybody may have written it. */
  source: string;
}

type State = 'loading' | 'shown' | 'failed';

/** Foreign markdown, sanitised. The parser and the sanitiser are loaded when the first text is shown. */
export function Markdown({ source }: MarkdownProps) {
  const { organization } = useHost();
  const place = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<State>('loading');
  useEffect(() => {
    let current = true;
    const show = async (): Promise<void> => {
      const { markdownFragment } = await import('./markdown-html');
      const fragment = markdownFragment(source, organization);
      if (!current) return;
      place.current?.replaceChildren(fragment);
      setState('shown');
    };
    show().catch(() => {
      if (current) setState('failed');
    });
    return () => {
      current = false;
    };
  }, [source, organization]);
  return (
    <>
      {state === 'loading' && <SkeletonRows rows={3} label="Loading the text" />}
      {state === 'failed' && (
        <>
          <p>This text could not be formatted; here it is as it was written.</p>
          <pre className="hub-code">{displayLines(source)}</pre>
        </>
      )}
      <div ref={place} hidden={state !== 'shown'} className="hub-markdown" />
    </>
  );
}
