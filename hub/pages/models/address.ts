import type { UrlParams } from '../../app/url-state';
import type { ModelFilter, SortKey } from '../../data/registry';

/** What the list's part of the address means. Parameters: `q`, `folder`, `workspace`, `verdict`, `environment`, `mine`, `sort`, `open`. */
export function filterOf(params: UrlParams, viewer: string): ModelFilter {
  return {
    keyword: params['q'],
    folder: params['folder'],
    workspace: params['workspace'],
    verdict: params['verdict'],
    environment: params['environment'],
    mine: params['mine'] === 'true' ? viewer : undefined,
  };
}

export const filterNames = ['q', 'folder', 'workspace', 'verdict', 'environment', 'mine'] as const;

export interface Sort {
  by: SortKey;
  isDescending: boolean;
}

const sortKeys = ['model', 'registered', 'verdict', 'production', 'version'] as const satisfies readonly SortKey[];

/** `registered` ascending, `-registered` descending; the newest first where the address says nothing. */
export function sortOf(params: UrlParams): Sort {
  const text = params['sort'] ?? '-registered';
  const by = sortKeys.find((key) => key === text.replace(/^-/, ''));
  return by === undefined ? { by: 'registered', isDescending: true } : { by, isDescending: text.startsWith('-') };
}

/** What the address becomes when a column's heading is used. */
export function sortParam({ by, isDescending }: Sort, column: SortKey): string {
  return column === by && !isDescending ? `-${column}` : column;
}
