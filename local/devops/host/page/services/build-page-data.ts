import { anything, map } from '../../../shape';
import type { Host } from '../host';

/** The run whose page shows the extension's tab. */
export function buildPageData({ api, person, project }: Host, runId: number): object {
  return {
    getBuildPageData: async () => {
      const build = await api.rest(
        person.id,
        `${project.id}/_apis/build/builds/${runId}?api-version=7.1`,
        map(anything),
      );
      return { build, definition: build.definition };
    },
  };
}
