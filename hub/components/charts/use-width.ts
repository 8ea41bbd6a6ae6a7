import { useEffect, useRef, useState, type RefObject } from 'react';

/**
 * Width of an element in whole pixels, followed while the page is resized or zoomed, so that a chart draws its text at its own
 * size instead of being scaled. `fallback` until the element was measured, and where nothing measures.
 */
export function useWidth<E extends HTMLElement>(fallback: number): [RefObject<E>, number] {
  const element = useRef<E>(null);
  const [width, setWidth] = useState(fallback);
  useEffect(() => {
    const box = element.current;
    if (box === null || typeof ResizeObserver === 'undefined') return undefined;
    const observer = new ResizeObserver(([entry]) => {
      const measured = Math.floor(entry?.contentRect.width ?? 0);
      if (measured > 0) setWidth(measured);
    });
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}
