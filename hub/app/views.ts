import type { UrlParams } from './url-state';

export const views = ['models', 'version', 'compare', 'deployments', 'approvals', 'delivery'] as const;
export type View = (typeof views)[number];

/** The view that the address names; an address of older links names only a version. */
export function viewOf(params: UrlParams): View {
  const named = views.find((view) => view === params['view']);
  if (named !== undefined) return named;
  return params['model'] !== undefined && params['version'] !== undefined ? 'version' : 'models';
}

const names: Readonly<Record<View, string>> = {
  models: 'Models',
  version: 'Version',
  compare: 'Compare versions',
  deployments: 'Deployments',
  approvals: 'Approvals',
  delivery: 'Delivery',
};

/** Heading and document title of a view. */
export function titleOf(view: View, params: UrlParams): string {
  const { model, version } = params;
  if (view === 'version' && model !== undefined) return version === undefined ? model : `${model} version ${version}`;
  if (view === 'compare' && model !== undefined) return `Compare versions of ${model}`;
  return names[view];
}

/** Address of a view in the browser, for links that are copied or opened in another tab. */
export function viewUrl(
  host: { organization: string; project: { name: string }; hubId: string },
  view: View,
  params: UrlParams = {},
): string {
  const url = new URL(
    `${encodeURIComponent(host.project.name)}/_apps/hub/${encodeURIComponent(host.hubId)}`,
    host.organization,
  );
  url.searchParams.set('view', view);
  for (const [name, value] of Object.entries(params))
    if (value !== undefined && value !== '') url.searchParams.set(name, value);
  return url.href;
}
