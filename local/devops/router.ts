import type { Location } from './locations';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A route template of the service (`{project}/_apis/{area}/builds/{buildId}/{*tag}`) compiled to segments. */
interface Segment {
  /** A word that must be there, in any case; absent for a parameter. */
  literal?: string;
  name?: string;
  /** Matches the rest of the path. */
  rest?: boolean;
  /** Parameters at the end of a template may be left out. */
  optional?: boolean;
}

export interface Match<R> {
  route: R;
  params: Record<string, string>;
}

interface Compiled<R> {
  route: R;
  segments: Segment[];
  literals: number;
}

export class Router<R extends { location: Location; method: Method }> {
  private readonly compiled: Compiled<R>[];

  constructor(routes: R[]) {
    this.compiled = routes
      .map((route) => {
        const segments = compile(route.location);
        return { route, segments, literals: segments.filter((one) => one.literal !== undefined).length };
      })
      // The most specific first: `pipelines/environments` before `pipelines/{pipelineId}`.
      .sort((a, b) => b.literals - a.literals);
  }

  /** Every route of the path's most specific location, with the parameters; the method chooses among them. */
  find(path: string[]): Match<R>[] {
    const matches: (Match<R> & { literals: number })[] = [];
    for (const { route, segments, literals } of this.compiled) {
      const params = match(segments, path);
      if (params) matches.push({ route, params, literals });
    }
    const best = matches[0]?.literals ?? 0;
    return matches.filter((one) => one.literals === best);
  }
}

function compile(location: Location): Segment[] {
  const segments: Segment[] = location.routeTemplate.split('/').map((part) => {
    const name = /^\{(\*?)(.+)\}$/.exec(part);
    if (!name) return { literal: part.toLowerCase() };
    if (name[2] === 'area') return { literal: location.area.toLowerCase() };
    if (name[2] === 'resource') return { literal: location.resourceName.toLowerCase() };
    return { name: name[2], rest: name[1] === '*' };
  });
  for (const segment of [...segments].reverse()) {
    if (segment.literal !== undefined) break;
    segment.optional = true;
  }
  return segments;
}

function match(segments: Segment[], path: string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  let index = 0;
  for (const segment of segments) {
    const part = path[index];
    if (part === undefined) {
      if (segment.optional) continue;
      return undefined;
    }
    if (segment.literal !== undefined) {
      if (segment.literal !== part.toLowerCase()) return undefined;
      index += 1;
    } else if (segment.rest) {
      params[segment.name ?? ''] = path.slice(index).join('/');
      index = path.length;
    } else {
      params[segment.name ?? ''] = part;
      index += 1;
    }
  }
  return index === path.length ? params : undefined;
}
