/** A pattern or a value longer than this matches nothing. */
const MAX_LENGTH = 1_000;

type Token =
  | { readonly kind: 'one'; readonly test: (character: string) => boolean; readonly repeat: '' | '?' | '+' }
  | { readonly kind: 'any' }
  | { readonly kind: 'deep' };

/**
 * GitHub's filter patterns (workflow syntax, "Filter pattern cheat sheet"): `*` within a path part, `**` across, `?` and
 * `+` after a character, `[]` for a set. Its cost grows with pattern times text, whatever either holds.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  if (pattern.length > MAX_LENGTH || text.length > MAX_LENGTH) return false;
  const tokens = tokensOf(pattern);
  // The set of places in the pattern that the text so far can have led to.
  let places = closure(tokens, new Set([0]));
  for (const character of text) {
    const next = new Set<number>();
    for (const place of places) {
      const token = tokens[place];
      if (token === undefined) continue;
      if (token.kind === 'deep') next.add(place);
      else if (token.kind === 'any') {
        if (character !== '/') next.add(place);
      } else if (token.test(character)) {
        next.add(place + 1);
        if (token.repeat === '+') next.add(place);
      }
    }
    places = closure(tokens, next);
    if (places.size === 0) return false;
  }
  return places.has(tokens.length);
}

/** Adds the places that are reached without a character. */
function closure(tokens: readonly Token[], places: Set<number>): Set<number> {
  for (const place of places) {
    const token = tokens[place];
    if (token === undefined) continue;
    if (token.kind !== 'one' || token.repeat === '?') places.add(place + 1);
  }
  return places;
}

function tokensOf(pattern: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; ) {
    const character = pattern.charAt(at);
    if (character === '*') {
      const deep = pattern.charAt(at + 1) === '*';
      tokens.push({ kind: deep ? 'deep' : 'any' });
      at += deep ? 2 : 1;
      // `**/` also stands for no folder at all.
      if (deep && pattern.charAt(at) === '/' && (at === 2 || pattern.charAt(at - 3) === '/')) {
        tokens.push({ kind: 'one', test: (found) => found === '/', repeat: '?' });
        at += 1;
      }
      continue;
    }
    const [test, length] = single(pattern, at);
    at += length;
    const after = pattern.charAt(at);
    const repeat = after === '?' || after === '+' ? after : '';
    if (repeat !== '') at += 1;
    tokens.push({ kind: 'one', test, repeat });
  }
  return tokens;
}

function single(pattern: string, at: number): readonly [(character: string) => boolean, number] {
  const character = pattern.charAt(at);
  if (character === '\\' && at + 1 < pattern.length) {
    const literal = pattern.charAt(at + 1);
    return [(found) => found === literal, 2];
  }
  const end = character === '[' ? pattern.indexOf(']', at + 2) : -1;
  if (end === -1) return [(found) => found === character, 1];
  const set = pattern.slice(at + 1, end);
  return [(found) => inSet(set, found), end - at + 1];
}

function inSet(set: string, character: string): boolean {
  for (let at = 0; at < set.length; at += 1) {
    if (set.charAt(at + 1) === '-' && at + 2 < set.length) {
      if (character >= set.charAt(at) && character <= set.charAt(at + 2)) return true;
      at += 2;
    } else if (set.charAt(at) === character) return true;
  }
  return false;
}
