import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';

const MAX_PATTERNS = 255;
const MAX_LENGTH = 1_000;

interface FilePattern {
  readonly negated: boolean;
  readonly segments: readonly string[];
  /** A folder's pattern takes what is in it; a pattern that ends with `/` takes nothing else. */
  readonly folderOnly: boolean;
}

/** Which files a list of patterns takes, and in which order they are hashed. */
export interface FileChoice {
  /** Of paths relative to the workspace, without `./`. */
  readonly choose: (paths: readonly string[]) => readonly string[];
}

/**
 * Reads the patterns of `hashFiles`: one in each line, relative to the workspace; `*`, `?` and `[]` within a path's part,
 * `**` across parts, `!` takes back (GitHub's expressions reference and glob package). A folder stands for all in it.
 * Fails for a pattern that leaves the workspace. Patterns and paths may be hostile: matching costs their lengths' product.
 */
export function readFilePatterns(lines: readonly string[], workspace: string): Result<FileChoice, Refusal> {
  const patterns: FilePattern[] = [];
  for (const line of lines.flatMap((text) => text.split('\n'))) {
    const pattern = line.trim();
    if (pattern === '' || pattern.startsWith('#')) continue;
    const read = readPattern(pattern, workspace);
    if (!read.ok) return read;
    if (read.value !== undefined) patterns.push(read.value);
  }
  if (patterns.length > MAX_PATTERNS) return refuse(`there are more than ${MAX_PATTERNS} patterns`);
  return ok({ choose: (paths) => choose(paths, patterns) });
}

function readPattern(text: string, workspace: string): Result<FilePattern | undefined, Refusal> {
  let rest = text;
  let negated = false;
  while (rest.startsWith('!')) {
    negated = !negated;
    rest = rest.slice(1).trim();
  }
  if (rest.length > MAX_LENGTH) return refuse('a pattern is too long');
  if (rest === workspace || rest.startsWith(`${workspace}/`)) rest = rest.slice(workspace.length + 1);
  // What lies elsewhere is never hashed, as on GitHub.
  else if (rest.startsWith('/') || rest.startsWith('~')) return ok(undefined);
  const parts = rest.split('/');
  while (parts[0] === '.') parts.shift();
  const segments = parts.filter((part) => part !== '');
  if (segments.some((part) => part === '.' || part === '..'))
    return refuse(
      `the pattern ${JSON.stringify(text.slice(0, 100))} leaves the workspace or holds a dot as a part`,
    );
  return ok({ negated, segments, folderOnly: rest.endsWith('/') });
}

function choose(paths: readonly string[], patterns: readonly FilePattern[]): readonly string[] {
  const taken = paths
    .map((path) => path.split('/'))
    .filter((path) => {
      let chosen = false;
      for (const pattern of patterns) if (takes(pattern, path)) chosen = !pattern.negated;
      return chosen;
    });
  const sorted = taken.toSorted(inOrder);
  const found = new Set<string>();
  for (const start of starts(patterns))
    for (const path of sorted)
      if (start.every((part, index) => path[index] === part)) found.add(path.join('/'));
  return [...found];
}

/** The fixed beginnings of the patterns: the search goes through them in this order, folder by folder by name. */
function starts(patterns: readonly FilePattern[]): readonly (readonly string[])[] {
  return patterns
    .filter((pattern) => !pattern.negated)
    .map(({ segments }) => {
      const first = segments.findIndex((part) => /[*?[]/.test(part.replaceAll(/\\./g, '')));
      const fixed = first === -1 ? segments : segments.slice(0, first);
      return fixed.map((part) => part.replaceAll(/\\(.)/g, '$1'));
    });
}

function inOrder(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const order = Buffer.compare(Buffer.from(a[index] ?? ''), Buffer.from(b[index] ?? ''));
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function takes(pattern: FilePattern, path: readonly string[]): boolean {
  // The places in the pattern that the path so far can have led to; `length` stands for a folder that it names whole.
  const { segments } = pattern;
  let places = passed(segments, new Set([0]));
  for (const [index, part] of path.entries()) {
    const next = new Set<number>();
    for (const place of places) {
      const segment = segments[place];
      if (segment === undefined || segment === '**') next.add(place);
      else if (matchesPart(segment, part)) next.add(place + 1);
    }
    // A path that only just reached the pattern's end is the thing itself, and no file in it.
    const inside = [...places].some((place) => place >= segments.length);
    places = passed(segments, next);
    if (places.size === 0) return false;
    if (index === path.length - 1 && pattern.folderOnly && !inside) return segments.at(-1) === '**';
  }
  return places.has(segments.length);
}

/** `**` stands for no part at all as well. */
function passed(segments: readonly string[], places: Set<number>): Set<number> {
  for (const place of places) if (segments[place] === '**') places.add(place + 1);
  return places;
}

/** One part of a path: `*`, `?`, `[a-z]`, `[!a-z]`; a backslash takes the next character as it is. */
function matchesPart(pattern: string, text: string): boolean {
  let places = new Set([0]);
  const star = (from: Set<number>): Set<number> => {
    for (const place of from) if (pattern.charAt(place) === '*') from.add(place + 1);
    return from;
  };
  places = star(places);
  for (const character of text) {
    const next = new Set<number>();
    for (const place of places) {
      if (place >= pattern.length) continue;
      if (pattern.charAt(place) === '*') next.add(place);
      else {
        const [matched, length] = one(pattern, place, character);
        if (matched) next.add(place + length);
      }
    }
    places = star(next);
    if (places.size === 0) return false;
  }
  return places.has(pattern.length);
}

function one(pattern: string, at: number, character: string): readonly [boolean, number] {
  const here = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
  if (here === '?') return [true, 1];
  if (here === '\\' && at + 1 < pattern.length) return [pattern.charAt(at + 1) === character, 2];
  const end = here === '[' ? pattern.indexOf(']', at + 2) : -1;
  if (end === -1) return [here === character, here.length];
  const body = pattern.slice(at + 1, end);
  const not = body.startsWith('!') || body.startsWith('^');
  return [inClass(not ? body.slice(1) : body, character) !== not, end - at + 1];
}

function inClass(body: string, character: string): boolean {
  for (let at = 0; at < body.length; at += 1) {
    if (body.charAt(at + 1) === '-' && at + 2 < body.length) {
      if (character >= body.charAt(at) && character <= body.charAt(at + 2)) return true;
      at += 2;
    } else if (body.charAt(at) === character) return true;
  }
  return false;
}

function refuse(why: string): Result<never, Refusal> {
  return err(
    refusal(
      'usage',
      'workflow/hash-files',
      why,
      'write patterns of files in the workspace, such as **/package-lock.json',
    ),
  );
}
