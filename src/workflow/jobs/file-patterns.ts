import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';

const MAX_PATTERNS = 255;
const MAX_LENGTH = 1_000;
/** A few seconds. A large repository and its few patterns take a hundredth; a hostile list could take days. */
const MAX_STEPS = 300_000_000;

/** Work done so far by one choice. */
interface Steps {
  count: number;
}

class TooManySteps extends Error {}

function spend(steps: Steps, count: number): void {
  steps.count += count;
  if (steps.count > MAX_STEPS) throw new TooManySteps();
}

interface FilePattern {
  readonly negated: boolean;
  readonly segments: readonly string[];
  /** Of each segment; undefined where it stands for any number of parts. */
  readonly parts: readonly (readonly Place[] | undefined)[];
  /** A folder's pattern takes what is in it; a pattern that ends with `/` takes nothing else. */
  readonly folderOnly: boolean;
}

/** Which files a list of patterns takes, and in which order they are hashed. */
export interface FileChoice {
  /** Of paths relative to the workspace, without `./`. Fails when it would take too long. */
  readonly choose: (paths: readonly string[]) => Result<readonly string[], Refusal>;
}

/**
 * Reads the patterns of `hashFiles`: one in each line, relative to the workspace; `*`, `?` and `[]` within a path's part,
 * `**` across parts, `!` takes back (GitHub's expressions reference and glob package). A folder stands for all in it.
 * Fails for a pattern that leaves the workspace. Patterns and paths may be hostile: matching costs their
 * lengths' product, and is given up beyond a bound.
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
  return ok({
    choose: (paths) => {
      try {
        return ok(choose(paths, patterns, { count: 0 }));
      } catch (error) {
        if (error instanceof TooManySteps) return refuse('its patterns take too long on so many files');
        throw error;
      }
    },
  });
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
  const places = segments.map((part) => (part === '**' ? undefined : placesOf(part)));
  return ok({ negated, segments, parts: places, folderOnly: rest.endsWith('/') });
}

function choose(paths: readonly string[], patterns: readonly FilePattern[], steps: Steps): readonly string[] {
  const taken = paths
    .map((path) => path.split('/'))
    .filter((path) => {
      let chosen = false;
      for (const pattern of patterns) if (takes(pattern, path, steps)) chosen = !pattern.negated;
      return chosen;
    });
  const sorted = taken.toSorted(inOrder);
  const found = new Set<string>();
  for (const start of starts(patterns)) {
    spend(steps, sorted.length);
    for (const path of sorted)
      if (start.every((part, index) => path[index] === part)) found.add(path.join('/'));
  }
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

function takes(pattern: FilePattern, path: readonly string[], steps: Steps): boolean {
  // The places in the pattern that the path so far can have led to; `length` stands for a folder that it names whole.
  const { segments, parts } = pattern;
  let places = passed(segments, new Set([0]));
  for (const [index, part] of path.entries()) {
    const next = new Set<number>();
    spend(steps, places.size);
    for (const place of places) {
      const wanted = parts[place];
      if (wanted === undefined) next.add(place);
      else if (matchesPart(wanted, part, steps)) next.add(place + 1);
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

/** What one place of a part's pattern takes: a run of anything, one of anything, one character, or one of a class. */
type Place = 'run' | 'any' | number | ((character: string) => boolean);

/** One part of a path's pattern: `*`, `?`, `[a-z]`, `[!a-z]`; a backslash takes the next character as it is. */
function placesOf(pattern: string): readonly Place[] {
  const places: Place[] = [];
  for (let at = 0; at < pattern.length; ) {
    const here = pattern.codePointAt(at) ?? 0;
    const character = String.fromCodePoint(here);
    const end = character === '[' ? pattern.indexOf(']', at + 2) : -1;
    if (character === '*') {
      if (places.at(-1) !== 'run') places.push('run');
      at += 1;
    } else if (character === '?') {
      places.push('any');
      at += 1;
    } else if (character === '\\' && at + 1 < pattern.length) {
      const literal = pattern.codePointAt(at + 1) ?? 0;
      places.push(literal);
      at += 1 + String.fromCodePoint(literal).length;
    } else if (end !== -1) {
      const body = pattern.slice(at + 1, end);
      const not = body.startsWith('!') || body.startsWith('^');
      places.push((found) => inClass(not ? body.slice(1) : body, found) !== not);
      at = end + 1;
    } else {
      places.push(here);
      at += character.length;
    }
  }
  return places;
}

/** Every place but a run takes just one character, so that only the last run need ever be made longer. */
function matchesPart(places: readonly Place[], text: string, steps: Steps): boolean {
  let place = 0;
  let at = 0;
  let run = -1;
  let from = 0;
  let done = 0;
  while (at < text.length) {
    done += 1;
    const code = text.codePointAt(at) ?? 0;
    const here = places[place];
    const length = code > 0xffff ? 2 : 1;
    if (here === 'run') {
      run = place;
      place += 1;
      from = at;
    } else if (here !== undefined && takesOne(here, code)) {
      place += 1;
      at += length;
    } else if (run >= 0) {
      // The last run takes one more.
      from += (text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1;
      at = from;
      place = run + 1;
    } else break;
  }
  spend(steps, done);
  while (at >= text.length && places[place] === 'run') place += 1;
  return at >= text.length && place === places.length;
}

function takesOne(place: Exclude<Place, 'run'>, code: number): boolean {
  if (place === 'any') return true;
  return typeof place === 'number' ? place === code : place(String.fromCodePoint(code));
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
