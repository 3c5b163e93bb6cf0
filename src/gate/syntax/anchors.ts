import type { Place } from '../../base/index.ts';
import type { Tree } from '../../workflow/index.ts';
import type { Source } from '../repository/model.ts';
import { offsetOf, placeAt } from '../repository/tree.ts';

/** An anchor that no alias names, with its sign. */
export interface UnusedAnchor {
  readonly name: string;
  readonly at: Place;
}

const MAX_ANCHORS = 200;
const ANCHOR = /(?<=[\s[{,:-])&([\w-]{1,100})[ \t\r\n]{1,400}/;

/** Anchors of a file's values that nothing names. What stands in scripts and comments is none. Linear in the file. */
export function unusedAnchors(source: Source, tree: Tree): readonly UnusedAnchor[] {
  const { text } = source;
  if (!text.includes('&') || !ANCHOR.test(text)) return [];
  const named = new Set(Array.from(text.matchAll(/\*([\w-]{1,100})/g), ([, name]) => name));
  const candidates = new Map<number, UnusedAnchor>();
  for (const match of text.matchAll(new RegExp(ANCHOR, 'g'))) {
    if (candidates.size >= MAX_ANCHORS) break;
    const [whole, name = ''] = match;
    if (named.has(name)) continue;
    const at = placeAt(source, match.index);
    candidates.set(match.index + whole.length, { name, at: { file: source.path, ...at } });
  }
  if (candidates.size === 0) return [];
  const found = new Set<UnusedAnchor>();
  const look = (part: Tree): void => {
    const candidate = candidates.get(offsetOf(source, part.at));
    // The first value that begins there has it; a comment between hides it, and then nothing is said.
    if (candidate !== undefined) found.add(candidate);
    if (part.kind === 'sequence') for (const item of part.items) look(item);
    else if (part.kind === 'mapping') for (const { value } of part.entries) look(value);
  };
  look(tree);
  return [...found];
}
