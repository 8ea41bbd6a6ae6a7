/**
 * The icons that the library's components and our pages name, as strokes on a 16 × 16 grid. The build turns them into CSS masks
 * in place of the library's icon fonts (1.4 MB for some forty glyphs).
 */
export const icons: Readonly<Record<string, string>> = {
  Add: 'M8 3v10M3 8h10',
  Back: 'M13 8H3m4-4L3 8l4 4',
  Blocked: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM4 4l8 8',
  BranchCompare: 'M5 2v9a2 2 0 0 0 2 2h2M9 11l2 2-2 2M11 14V5a2 2 0 0 0-2-2H7m0-2L5 3l2 2',
  Calendar: 'M3 4h10v9H3ZM3 7h10M6 2v3m4-3v3',
  Cancel: 'm4 4 8 8m0-8-8 8',
  Chat: 'M3 3h10v8H7l-3 3v-3H3Z',
  CheckMark: 'm3 8.5 3.5 3.5L13 5',
  ChevronDown: 'm4 6 4 4 4-4',
  ChevronDownMed: 'm4 6 4 4 4-4',
  ChevronDownSmall: 'm5 6.5 3 3 3-3',
  ChevronLeft: 'm10 4-4 4 4 4',
  ChevronLeftMed: 'm10 4-4 4 4 4',
  ChevronRight: 'm6 4 4 4-4 4',
  ChevronRightMed: 'm6 4 4 4-4 4',
  ChevronRightSmall: 'm6.5 5 3 3-3 3',
  ChevronUp: 'm4 10 4-4 4 4',
  ChevronUpMed: 'm4 10 4-4 4 4',
  ChevronUpSmall: 'm5 9.5 3-3 3 3',
  ChromeClose: 'm4 4 8 8m0-8-8 8',
  Clear: 'm4 4 8 8m0-8-8 8',
  Clock: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Zm0 3v3l2 2',
  Commit: 'M1 8h4m6 0h4M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z',
  Completed: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM5 8l2 2 4-4',
  Contact: 'M8 2.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5ZM3 14a5 5 0 0 1 10 0',
  ContactCard: 'M2 4h12v9H2Zm8 3h2m-2 3h2M6 6a1 1 0 1 0 0 2 1 1 0 0 0 0-2Zm-2 5a2 2 0 0 1 4 0',
  Copy: 'M6 5h7v9H6ZM10 5V2H3v9h3',
  Database: 'M3 4c0-3 10-3 10 0v8c0 3-10 3-10 0Zm0 0c0 3 10 3 10 0M3 8c0 3 10 3 10 0',
  Deploy: 'M8 14V6m-3 3 3-3 3 3M3 2h10',
  Download: 'M8 2v8m-3-3 3 3 3-3M3 13h10',
  Edit: 'm3 13 1-3 7-7 2 2-7 7Z',
  Error: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Zm0 3v4m0 2v.1',
  ErrorBadge: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM6 6l4 4m0-4-4 4',
  Filter: 'M2 4h12M4 8h8m-6 4h4',
  FontColor: 'm4 11 4-9 4 9M6 8h4m-7 6h10',
  GripperResize: 'M13 5v.1M9 9v.1M13 9v.1M5 13v.1M9 13v.1M13 13v.1',
  Info: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Zm0 5v4m0-6v.1',
  Link: 'm6.5 9.5 3-3M7 5l2-2a2.8 2.8 0 0 1 4 4l-2 2M9 11l-2 2a2.8 2.8 0 0 1-4-4l2-2',
  Lock: 'M4 7h8v7H4Zm2 0V5a2 2 0 0 1 4 0v2',
  Mail: 'M2 4h12v8H2Zm0 0 6 5 6-5',
  More: 'M3 8v.1M8 8v.1M13 8v.1',
  MoreVertical: 'M8 3v.1M8 8v.1M8 13v.1',
  NavigateExternalInline: 'M6 3H3v10h10v-3M9 2h5v5m0-5L8 8',
  POI: 'M8 14c3-4 4-5 4-7.5a4 4 0 0 0-8 0C4 9 5 10 8 14Zm0-9v2',
  Package: 'm8 2 6 3v6l-6 3-6-3V5Zm-6 3 6 3 6-3M8 8v6',
  People: 'M6 3a2 2 0 1 0 0 4 2 2 0 0 0 0-4ZM2 13a4 4 0 0 1 8 0m1-9a2 2 0 0 1 0 4m1 1a4 4 0 0 1 2 4',
  Phone: 'M5 2h6v12H5Zm2 10h2',
  Pinned: 'M6 2h4v5l2 3H4l2-3Zm2 8v4',
  Play: 'm5 3 8 5-8 5Z',
  Refresh: 'M13 8a5 5 0 1 1-1.5-3.5L13 6m0-3v3h-3',
  Search: 'M7 3a4 4 0 1 0 0 8 4 4 0 0 0 0-8Zm3 7 4 4',
  Settings: 'M2 5h6m4 0h2M2 11h2m4 0h6M10 3a2 2 0 1 0 0 4 2 2 0 0 0 0-4ZM6 9a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z',
  Shield: 'M8 2c2 1.5 3 2 5 2 0 5-1 8-5 10-4-2-5-5-5-10 2 0 3-.5 5-2Z',
  SortDown: 'M8 3v10m-4-4 4 4 4-4',
  SortUp: 'M8 13V3M4 7l4-4 4 4',
  TestBeaker: 'M6 2h4M7 2v4l-4 8h10L9 6V2M5 10h6',
  Undo: 'm6 3-3 3 3 3M3 6h6a4 4 0 0 1 0 8H6',
  Unknown: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM6 6.5a2 2 0 1 1 2 2v1m0 2v.1',
  View: 'M1 8c3-6 11-6 14 0-3 6-11 6-14 0Zm7-2a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z',
  Warning: 'M8 2 1.5 14h13ZM8 6.5v3.5m0 2v.1',
};

/** Masks take the text's colour; a forced palette (Windows high contrast) would paint the background away, so it is kept there. */
export function iconStyles(): string {
  const rules = Object.entries(icons).map(([name, path]) => {
    const svg = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='none' stroke='%23000' stroke-width='1.4' stroke-linecap='round' stroke-linejoin='round'><path d='${path}'/></svg>`;
    return `.ms-Icon--${name}{--icon:url("data:image/svg+xml,${svg.replaceAll('<', '%3C').replaceAll('>', '%3E')}")}`;
  });
  return `.fabric-icon{align-self:center;display:inline-flex}
.fabric-icon.small{font-size:.75rem}.fabric-icon.medium{font-size:1rem}.fabric-icon.large{font-size:1.5rem}
.fabric-icon:before{content:"";width:1em;height:1em;background:currentColor;-webkit-mask:var(--icon,linear-gradient(transparent,transparent)) center/contain no-repeat;mask:var(--icon,linear-gradient(transparent,transparent)) center/contain no-repeat}
@media (forced-colors:active){.fabric-icon:before{forced-color-adjust:none;background:CanvasText}button .fabric-icon:before{background:ButtonText}}
${rules.join('\n')}`;
}
