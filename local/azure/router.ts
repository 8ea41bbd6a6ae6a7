import type { Route } from './service';

interface Compiled {
  route: Route;
  pattern: RegExp;
  names: string[];
  /** One digit a part: 0 for text, 1 for a name, 2 for the rest of a path. Compared, it puts the more specific first. */
  rank: string;
}

export interface Match {
  route: Route;
  params: Record<string, string>;
}

/** Finds the route of a request. Paths are compared ignoring case and trailing slashes; text wins over names. */
export class Router {
  private readonly routes: Compiled[];

  constructor(routes: Route[]) {
    this.routes = routes.map(compile).sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0));
  }

  /** `methods` lists what the path would accept when the method is what does not fit. */
  find(method: string, path: string): Match | { methods: string[] } {
    const clean = trim(path);
    const methods: string[] = [];
    for (const { route, pattern, names } of this.routes) {
      const found = pattern.exec(clean);
      if (found === null) continue;
      if (route.method === method) return { route, params: readParams(names, found) };
      methods.push(route.method);
    }
    return { methods };
  }
}

function compile(route: Route): Compiled {
  const names: string[] = [];
  const ranks: string[] = [];
  const parts = trim(route.path)
    .split('/')
    .map((part) => {
      const name = /^\{(\w+)(\+?)\}$/.exec(part);
      if (name?.[1] === undefined) {
        ranks.push('0');
        return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
      }
      names.push(name[1]);
      ranks.push(name[2] === '+' ? '2' : '1');
      return name[2] === '+' ? '(.+)' : '([^/]+)';
    });
  return { route, pattern: new RegExp(`^${parts.join('/')}$`, 'i'), names, rank: ranks.join('') };
}

function readParams(names: string[], found: RegExpExecArray): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, decode(found[index + 1] ?? '')]));
}

/** A part that is not valid percent-encoding is taken as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function trim(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}
