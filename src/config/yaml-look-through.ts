import type { Alias, Document, Node } from 'yaml';

const MAX_REPEATED = 20;

/** What a document says about itself. */
export interface LookedThrough {
  /** What each alias stands for: the last node before it that bears its name. */
  readonly targets: ReadonlyMap<Alias, Node>;
  /** Keys that their mappings have already: the first there are. */
  readonly repeated: readonly Node[];
}

/**
 * Follows aliases and looks for repeated keys in one pass, in time that grows with the document's size. The library searches
 * the whole document for each alias, and compares each key of a mapping with each (`uniqueKeys`), which a file of hostile
 * size makes take minutes. Keys are the same when they become the same text. Nothing is expanded here.
 */
export async function lookThrough(document: Document): Promise<LookedThrough> {
  const yaml = await import('./yaml-library.ts');
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  const repeated: Node[] = [];
  const see = (key: unknown, known: Set<string>): void => {
    const meant = yaml.isAlias(key) ? anchors.get(key.source) : key;
    if (!yaml.isScalar(meant) || !yaml.isNode(key)) return;
    const text = meant.value === null ? '' : String(meant.value);
    if (known.has(text) && repeated.length < MAX_REPEATED) repeated.push(key);
    known.add(text);
  };
  // By hand: the library's visit copies the way to each node that it comes to.
  const walk = (node: unknown): void => {
    if (!yaml.isNode(node)) return;
    if (yaml.isAlias(node)) {
      const target = anchors.get(node.source);
      if (target !== undefined) targets.set(node, target);
      return;
    }
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    if (!yaml.isMap(node) && !yaml.isSeq(node)) return;
    const known = new Set<string>();
    for (const item of node.items as readonly unknown[])
      if (yaml.isPair(item)) {
        see(item.key, known);
        walk(item.key);
        walk(item.value);
      } else walk(item);
  };
  walk(document.contents);
  return { targets, repeated };
}
