const MAX_LENGTH = 40;

/** The word that a person most likely meant: at most a third of it mistyped, or begun and not ended. */
export function nearest(given: string, words: readonly string[]): string | undefined {
  if (given === '' || given.length > MAX_LENGTH) return undefined;
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const word of words) {
    const distance = word.startsWith(given) && given.length > 1 ? 0.5 : distanceOf(given, word);
    if (distance <= Math.max(1, word.length / 3) && distance < (best?.distance ?? Infinity))
      best = { word, distance };
  }
  return best?.word;
}

/** Damerau's distance with adjacent transpositions, in three rows. */
function distanceOf(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      row.push(least);
    }
    before = above;
    above = row;
  }
  return above[b.length] ?? 0;
}
