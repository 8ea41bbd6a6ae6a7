import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import ignore from 'ignore';

/** Says of a path (with `/`, folders with a trailing one) whether an ignore file leaves it out. */
export interface IgnoreRules {
  excludes(relative: string): boolean;
  /** Without `!` rules a folder that is left out need not be looked into. */
  canReinclude: boolean;
}

const noRules: IgnoreRules = { excludes: () => false, canReinclude: false };

/** The names of ignore files: the first that a folder has counts. */
export const ignoreFiles = ['.amlignore', '.gitignore'] as const;

/** The rules of a folder: those of its ignore file, then more of the caller's. */
export function rulesOf(root: string, leaveOut: readonly string[] = []): IgnoreRules {
  return rulesIn(ignoreFileOf(root), leaveOut);
}

export function ignoreFileOf(root: string): string | undefined {
  return ignoreFiles
    .map((name) => path.join(root, name))
    .find((name) => statSync(name, { throwIfNoEntry: false })?.isFile() === true);
}

/**
 * Each rule is judged by itself and the last one that matches decides, as the Python SDK's `pathspec` does: unlike git,
 * `!folder/file` brings a file of an excluded folder back.
 *
 * @param file an ignore file
 */
export function rulesIn(file: string | undefined, leaveOut: readonly string[] = []): IgnoreRules {
  const lines = file === undefined ? [] : readFileSync(file, 'utf8').split(/\r?\n/);
  const rules = [...lines, ...leaveOut]
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const negated = line.startsWith('!');
      return {
        negated,
        matcher: ignore({ ignorecase: false, allowRelativePaths: true }).add(negated ? line.slice(1) : line),
      };
    });
  if (rules.length === 0) return noRules;
  return {
    excludes: (relative) => rules.findLast(({ matcher }) => matcher.ignores(relative))?.negated === false,
    canReinclude: rules.some(({ negated }) => negated),
  };
}
