/** Letters, digits and what no shell, no program and no file of the runner reads as more; no `.`, no `[^`, no `\s`. */
const NARROW =
  /^(?:[\w,@:/=%+ ^$|*?()-]|\\[dwb./+_-]|\[(?!\^)(?:[\w.,@:/+=% -]|\\[dw./+_-])+\]|\{\d{0,5}(?:,\d{0,5})?\})*$/;
const GROUP = /\((?!\?)((?:\\.|\[(?:\\.|[^\]\\])*\]|[^()\\[])*)\)/g;

/** Whether what a match of a pattern gives can lead nothing astray: what its groups hold, or without groups all of it. */
export function isNarrowMatch(pattern: string): boolean {
  const bare = pattern.slice(0, 1_000).replace(/^\/(.*)\/[a-z]*$/s, '$1');
  const groups = [...bare.matchAll(GROUP)].map(([, inside = '']) => inside);
  return bare !== '' && (groups.length === 0 ? [bare] : groups).every((part) => NARROW.test(part));
}
