import { type Place, type Refusal, refusal } from '../../base/index.ts';
import { shellCommand, WINDOWS_SHELLS } from '../jobs/shell-command.ts';
import type { Assignment, Text } from '../model.ts';
import type { Entry, Tree } from './yaml-tree.ts';

const MAX_REFUSALS = 20;

/** Takes a tree apart and gathers what is wrong with it, each with its place; a value that is wrong becomes undefined. */
export class Reader {
  readonly refusals: Refusal[] = [];
  /** What is rightly written and not run by this version. */
  readonly lacks: Refusal[] = [];

  refuse(rule: string, why: string, fix: string, at: Place): undefined {
    if (this.refusals.length < MAX_REFUSALS)
      this.refusals.push(refusal('usage', `workflow/${rule}`, why, fix, at));
    return undefined;
  }

  /** A key of the syntax that this version does not run, refused where it stands. */
  unsupported(tree: Tree, key: string, what: string, fix: string): void {
    const entry = tree.kind === 'mapping' ? tree.entries.find((one) => one.key === key) : undefined;
    if (this.lacks.length < MAX_REFUSALS) {
      const why = `${key} of ${what} is not supported yet`;
      this.lacks.push(refusal('usage', 'workflow/unsupported', why, fix, entry?.keyAt ?? tree.at));
    }
  }

  /**
   * A shell that is written out must be one; what is computed is looked at when the step begins. So is one of Windows in a
   * step with an `if`, which may well be for Windows alone.
   */
  shell(tree: Tree | undefined, step: { readonly conditional: boolean }): Text | undefined {
    const found = this.text(tree, 'shell');
    if (found !== undefined && step.conditional && WINDOWS_SHELLS.has(found.text)) return found;
    const command =
      found === undefined || found.text.includes('${{')
        ? undefined
        : shellCommand(found.text, { hasBash: true });
    if (found !== undefined && command?.ok === false)
      this.refuse('shell', command.error.why, command.error.fix, found.at);
    return found;
  }

  take(refusals: readonly Refusal[]): void {
    this.refusals.push(...refusals.slice(0, Math.max(0, MAX_REFUSALS - this.refusals.length)));
  }

  /** A mapping's entries by key; keys outside `keys` are refused, with the nearest that exists. */
  mapping<const K extends string>(
    tree: Tree,
    what: string,
    keys: readonly K[],
  ): Readonly<Partial<Record<K, Tree>>> {
    const found: Partial<Record<K, Tree>> = {};
    for (const entry of this.entries(tree, what)) {
      const key = keys.find((candidate) => candidate === entry.key);
      if (key !== undefined) found[key] = entry.value;
      else this.unknown(entry, what, keys);
    }
    return found;
  }

  unknown(entry: Entry, what: string, keys: readonly string[]): void {
    const near = nearest(entry.key, keys);
    this.refuse(
      'unknown-key',
      `${JSON.stringify(entry.key)} is not a key of ${what}`,
      near === undefined ? `use one of ${keys.join(', ')}` : `did you mean ${near}?`,
      entry.keyAt,
    );
  }

  entries(tree: Tree, what: string): readonly Entry[] {
    if (tree.kind === 'mapping') return tree.entries;
    this.refuse('shape', `${what} is not a mapping`, 'write it as key: value', tree.at);
    return [];
  }

  items(tree: Tree, what: string): readonly Tree[] {
    if (tree.kind === 'sequence') return tree.items;
    this.refuse('shape', `${what} is not a list`, 'write it as a list', tree.at);
    return [];
  }

  /** Text that may hold expressions. Numbers and truth values are taken as they are written. */
  text(tree: Tree | undefined, what: string): Text | undefined {
    if (tree === undefined) return undefined;
    if (tree.kind === 'scalar') return { text: tree.text, at: tree.at };
    return this.refuse('shape', `${what} is not text`, 'write it as text', tree.at);
  }

  words(tree: Tree | undefined, what: string): readonly Text[] {
    if (tree === undefined) return [];
    if (tree.kind === 'scalar') return tree.value === null ? [] : [{ text: tree.text, at: tree.at }];
    return this.items(tree, what).flatMap((item) => this.text(item, what) ?? []);
  }

  assignments(tree: Tree | undefined, what: string): readonly Assignment[] {
    if (tree === undefined || (tree.kind === 'scalar' && tree.value === null)) return [];
    return this.entries(tree, what).flatMap(({ key, value }) => {
      const text = this.text(value, `${what}.${key}`);
      return text === undefined ? [] : [{ name: key, value: text }];
    });
  }
}

/** The nearest of the words, when it is near enough to be meant. */
function nearest(word: string, words: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  if (word.length > 60) return undefined;
  for (const candidate of words) {
    const distance = editDistance(word.toLowerCase(), candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
