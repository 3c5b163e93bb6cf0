import type { OwnersEntry } from './model.ts';

/**
 * The owners of a path: those of the last line that matches, as GitHub reads CODEOWNERS (patterns of gitignore without `!`, `[ ]` and
 * escapes). A line without owners takes them away. Source: GitHub's page about code owners.
 */
export function ownersOf(entries: readonly OwnersEntry[], path: string): readonly string[] {
  return entries.findLast(({ pattern }) => matchesOwned(pattern, path))?.owners ?? [];
}

const MAX_PATTERN = 500;

/** Whether a pattern of CODEOWNERS matches a path. */
export function matchesOwned(pattern: string, path: string): boolean {
  if (pattern.length > MAX_PATTERN) return false;
  const folder = pattern.endsWith('/');
  const body = pattern.replace(/^\//, '').replace(/\/$/, '');
  const rooted = pattern.startsWith('/') || body.includes('/');
  const parts = rooted ? body.split('/') : ['**', ...body.split('/')];
  return fits(parts, path.split('/'), { folder });
}

/** Whether the parts of a pattern fit a path or a folder above it; `folder`: what is matched must be a folder. */
function fits(
  pattern: readonly string[],
  path: readonly string[],
  { folder }: { readonly folder: boolean },
): boolean {
  // `from` holds the numbers of parts of the path that the pattern so far may have used.
  let from = new Set([0]);
  for (const [index, part] of pattern.entries()) {
    const next = new Set<number>();
    for (const at of from) {
      if (part === '**') for (let end = at; end <= path.length; end += 1) next.add(end);
      else if (at < path.length && fitsPart(part, path[at] ?? '')) next.add(at + 1);
    }
    from = next;
    if (from.size === 0) return false;
    // `dir/*` is the files of a folder and not what lies deeper.
    if (part === '*' && index === pattern.length - 1 && !folder) return from.has(path.length);
  }
  return [...from].some((end) => end < path.length || (end === path.length && !folder));
}

function fitsPart(pattern: string, name: string): boolean {
  const pieces = pattern.split('*');
  if (pieces.length === 1)
    return pattern.replaceAll('?', '') === pattern ? pattern === name : fitsQuestion(pattern, name);
  let at = 0;
  for (const [index, piece] of pieces.entries()) {
    const found = index === 0 ? (name.startsWith(piece) ? 0 : -1) : name.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  const last = pieces.at(-1) ?? '';
  return last === '' || name.endsWith(last);
}

function fitsQuestion(pattern: string, name: string): boolean {
  return (
    pattern.length === name.length && [...pattern].every((one, index) => one === '?' || one === name[index])
  );
}
