import { listText } from '../../components/charts/text';
import { servingAt } from '../../data/serving';
import type { DeploymentEvent, Serving } from '../../data/types';

/** The version that served production when the run compared its own with it. */
export interface Champion {
  name: string;
  version: string;
  /** ARM id: a workspace elsewhere may have another model of this name. */
  id?: string;
}

/** How the comparison stands to what production serves by now. */
export interface Standing {
  /** `replaced`: by the version that the run is about. */
  kind: 'same' | 'replaced' | 'changed' | 'unknown';
  text: string;
}

/**
 * @param events deployments of every model, for another model may have taken the place
 * @param candidate the version that the run is about: that it serves already makes no comparison stale
 * @param isAll whether every deployment was read
 */
export function standingOf(
  { name, version, id }: Champion,
  all: readonly DeploymentEvent[],
  now: Date,
  candidate: string | undefined,
  isAll: boolean,
): Standing {
  const events = all.filter(({ entry }) => isReach(entry.place, id));
  if (!events.some(({ isProduction, entry }) => isProduction && entry.model === name)) {
    const among = isAll ? '' : ' among the runs that were read';
    return {
      kind: 'unknown',
      text: `What production serves now is not known: no deployment of ${name} to production was found${among}.`,
    };
  }
  const here = servingAt(events, now).filter((one) => one.isProduction && one.model === name && one.traffic > 0);
  const served = here.length === 0 ? `nothing of ${name} that is known` : listText([...new Set(here.map(placeText))]);
  const text = `Production serves ${served} now; this run was compared with version ${version}.`;
  const others = here.filter((one) => one.version !== version && one.version !== candidate);
  if (here.length === 0 || others.length > 0) return { kind: 'changed', text };
  return { kind: here.some((one) => one.version === version) ? 'same' : 'replaced', text };
}

/** An endpoint serves models of its own workspace, or of a registry. */
function isReach(place: string | undefined, model: string | undefined): boolean {
  const [served, own] = [workspaceOf(place), workspaceOf(model)];
  return served === undefined || own === undefined || served === own;
}

function workspaceOf(id: string | undefined): string | undefined {
  return /^(.+\/workspaces\/[^/]+)\//i.exec(id ?? '')?.[1]?.toLowerCase();
}

function placeText({ version, environment, traffic }: Serving): string {
  const name = version === undefined ? 'an unknown version' : `version ${version}`;
  return `${name} (${environment}${traffic < 100 ? `, ${traffic} %` : ''})`;
}
