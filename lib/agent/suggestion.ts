/**
 * The known word that a misspelt one most likely stands for, as a sentence: `Did you mean "inputs"?`
 *
 * @returns `undefined` when nothing known is close
 */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  const nearest = closest(word, known);
  return nearest === undefined ? undefined : `Did you mean "${nearest}"?`;
}

/** The known word within a third of its letters of edits; ties go to the first. */
export function closest(word: string, known: readonly string[]): string | undefined {
  let best: { word: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = edits(word.toLowerCase(), candidate.toLowerCase());
    // Of a word of one or two letters an edit leaves nothing.
    const most = candidate.length < 3 ? 0 : Math.max(1, Math.floor(candidate.length / 3));
    if (distance <= most && distance < (best?.distance ?? Infinity)) best = { word: candidate, distance };
  }
  return best?.word;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into the other (optimal string alignment). */
function edits(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      let least = Math.min((above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (above[column - 1] ?? 0) + cost);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        least = Math.min(least, (before[column - 2] ?? 0) + 1);
      }
      current.push(least);
    }
    before = above;
    above = current;
  }
  return above[b.length] ?? 0;
}
