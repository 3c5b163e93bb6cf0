/**
 * Paths of requests, in their one spelling, and patterns of them. A pattern is `/`, then segments: a literal one, `*` for any
 * one segment, and at the end `**` for any number of them, also none.
 */

const MAX_PATH = 8_192;
const UNRESERVED = /^[A-Za-z0-9._~-]$/;
/** Characters that a path may hold as they are (RFC 3986 section 3.3, `pchar`). */
const PLAIN = /^[A-Za-z0-9._~!$&'()*+,;=:@-]$/;
/** Encoded, these mean another path to some servers: a separator, an end, a step up, or an encoding of an encoding. */
const AMBIGUOUS = new Set(['/', '\\', '%', '\0', '?', '#', ';']);

/**
 * The segments of a request target's path in their one spelling (RFC 3986 section 6.2.2): what needs no encoding is decoded,
 * the rest is in capitals. Undefined for whatever two programs could read as two paths: a step up or an empty step, an
 * encoded separator, a backslash, a parameter, anything that is not ASCII. The query is not looked at.
 */
export function normalisePath(target: string): readonly string[] | undefined {
  if (target.length > MAX_PATH || !target.startsWith('/') || target.includes('#')) return undefined;
  const end = target.indexOf('?');
  const path = end === -1 ? target : target.slice(0, end);
  const segments = path.slice(1).split('/').map(normaliseSegment);
  const last = segments.length - 1;
  for (const [at, segment] of segments.entries()) {
    if (segment === undefined || segment === '.' || segment === '..') return undefined;
    if (segment === '' && at !== last) return undefined;
  }
  return segments as readonly string[];
}

function normaliseSegment(segment: string): string | undefined {
  let out = '';
  for (let at = 0; at < segment.length; at += 1) {
    const character = segment[at] ?? '';
    if (character !== '%') {
      if (!PLAIN.test(character) || character === ';') return undefined;
      out += character;
      continue;
    }
    const code = segment.slice(at + 1, at + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(code)) return undefined;
    const decoded = String.fromCharCode(Number.parseInt(code, 16));
    if (AMBIGUOUS.has(decoded) || decoded < ' ' || decoded === '\u007f') return undefined;
    out += UNRESERVED.test(decoded) ? decoded : `%${code.toUpperCase()}`;
    at += 2;
  }
  return isUtf8(out) ? out : undefined;
}

/** An encoding that is too long for its character is a dot or a slash to a careless reader (RFC 3629 section 10). */
function isUtf8(segment: string): boolean {
  try {
    decodeURIComponent(segment);
    return true;
  } catch {
    return false;
  }
}

/** Whether a text is a pattern, in its one spelling. */
export function isPathPattern(text: string): boolean {
  const segments = segmentsOf(text);
  return (
    text.startsWith('/') &&
    text.length <= 1_024 &&
    segments.every((segment, at) => {
      if (segment === '*') return true;
      if (segment === '**') return at === segments.length - 1;
      return (
        !segment.includes('*') &&
        normalisePath(`/${segment}`)?.[0] === segment &&
        (segment !== '' || at === segments.length - 1)
      );
    })
  );
}

/** Whether a normalised path is one of the pattern's. */
export function matchesPath(pattern: string, path: readonly string[]): boolean {
  let states = beginOf([pattern]);
  for (const segment of path) states = step([pattern], states, segment);
  return accepts([pattern], states);
}

/**
 * A path that some pattern of `wider` stands for and none of `narrower`, or undefined when there is none. Exact: both sets
 * are followed side by side through every segment that any of them names, and one that none does.
 */
export function pathBeyond(wider: readonly string[], narrower: readonly string[]): string | undefined {
  const other = freshSegment([...wider, ...narrower]);
  const named = [...wider, ...narrower].flatMap(segmentsOf).filter((segment) => !segment.startsWith('*'));
  const alphabet = [...new Set([other, '', ...named])];
  const seen = new Set<string>();
  const queue = [{ path: [] as readonly string[], wide: beginOf(wider), narrow: beginOf(narrower) }];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    if (at.path.length > 0 && accepts(wider, at.wide) && !accepts(narrower, at.narrow))
      return `/${at.path.join('/')}`;
    // After an empty segment, which is a slash at the end, nothing comes any more.
    if (at.path.at(-1) === '') continue;
    for (const segment of alphabet) {
      const wide = step(wider, at.wide, segment);
      const narrow = step(narrower, at.narrow, segment);
      const key = `${segment === ''}|${[...wide].toSorted().join()}|${[...narrow].toSorted().join()}`;
      if (wide.size === 0 || seen.has(key)) continue;
      seen.add(key);
      queue.push({ path: [...at.path, segment], wide, narrow });
    }
  }
  return undefined;
}

/** One path of each kind that the patterns tell apart, which any of them stands for. */
export function pathKinds(patterns: readonly string[]): readonly (readonly string[])[] {
  const named = patterns.flatMap(segmentsOf).filter((segment) => !segment.startsWith('*'));
  const alphabet = [...new Set([freshSegment(patterns), '', ...named])];
  const kinds = new Map<string, readonly string[]>();
  const seen = new Set<string>();
  const queue = [{ path: [] as readonly string[], states: beginOf(patterns) }];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    const { path, states } = at;
    const kind = patterns.filter((pattern) => path.length > 0 && matchesPath(pattern, path)).join(' ');
    if (kind !== '' && !kinds.has(kind)) kinds.set(kind, path);
    if (path.at(-1) === '') continue;
    for (const segment of alphabet) {
      const next = step(patterns, states, segment);
      const key = `${segment === ''}|${[...next].toSorted().join()}`;
      if (next.size === 0 || seen.has(key)) continue;
      seen.add(key);
      queue.push({ path: [...path, segment], states: next });
    }
  }
  return [...kinds.values()];
}

function segmentsOf(pattern: string): readonly string[] {
  return pattern.slice(1).split('/');
}

function freshSegment(patterns: readonly string[]): string {
  const taken = new Set(patterns.flatMap(segmentsOf));
  for (let number = 0; ; number += 1) {
    const name = number === 0 ? 'other' : `other${number}`;
    if (!taken.has(name)) return name;
  }
}

/** States are `pattern:position`, the position being the segments that were read. */
function beginOf(patterns: readonly string[]): ReadonlySet<string> {
  return new Set(patterns.map((_, at) => `${at}:0`));
}

function step(
  patterns: readonly string[],
  states: ReadonlySet<string>,
  segment: string,
): ReadonlySet<string> {
  const next = new Set<string>();
  for (const state of states) {
    const [pattern = 0, position = 0] = state.split(':').map(Number);
    const wanted = segmentsOf(patterns[pattern] ?? '')[position];
    if (wanted === '**') next.add(state);
    else if (wanted === segment || (wanted === '*' && segment !== '')) next.add(`${pattern}:${position + 1}`);
  }
  return next;
}

function accepts(patterns: readonly string[], states: ReadonlySet<string>): boolean {
  return [...states].some((state) => {
    const [pattern = 0, position = 0] = state.split(':').map(Number);
    const segments = segmentsOf(patterns[pattern] ?? '');
    return position === segments.length || (segments[position] === '**' && position === segments.length - 1);
  });
}
