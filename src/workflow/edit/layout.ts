import type { Node } from 'yaml';
import {
  lastingPath,
  type Operation,
  type Piece,
  type PlainValue,
  resultOf,
  sameValue,
  type YamlPath,
} from './operation.ts';
import { insertEntry } from './insert-entry.ts';
import { eolOf, pairOf, type PlacedMap, type Yaml } from './placed-map.ts';
import { removeEntry } from './remove-entry.ts';
import { rewriteScalar, type ScalarStyle } from './rewrite-scalar.ts';
import { readYaml, type Tree } from '../read/yaml-tree.ts';
import { writeBelow, writeInline } from './write-value.ts';

/** A YAML text with the place of each of its parts: what is to be changed in it is said by value, and comes out as edits of the text. */
export class Layout {
  readonly text: string;
  readonly value: PlainValue;
  readonly #yaml: Yaml;
  readonly #root: unknown;

  constructor(yaml: Yaml, text: string, root: unknown, value: PlainValue) {
    this.text = text;
    this.value = value;
    this.#yaml = yaml;
    this.#root = root;
  }

  /**
   * The edits that do an operation, in order and apart, everything else being left as it is. Undefined where it would have to
   * go through an alias, or where the way that it is written is not understood. Whoever applies them proves the result with
   * `provesItself`.
   */
  edits(operation: Operation): readonly Piece[] | undefined {
    switch (operation.kind) {
      case 'set':
        return this.#set(operation.path, operation.value, operation.after ?? []);
      case 'remove': {
        const path = lastingPath(this.value, operation.path);
        const map = path === undefined ? undefined : this.#map(path.slice(0, -1));
        return map === undefined ? undefined : removeEntry(map, String(path?.at(-1)));
      }
      case 'rewrite':
        return this.#rewrite(operation.path, operation.pieces);
      case 'comment': {
        const node = this.#node(operation.path);
        if (!this.#yaml.isScalar(node) || !node.range || /[\r\n]/.test(operation.text)) return undefined;
        const rest = this.text.slice(node.range[1]).split('\n', 1)[0] ?? '';
        // In braces a comment would swallow what follows.
        if (!/^[ \t]*(?:#.*)?\r?$/.test(rest)) return [];
        if (operation.replaces !== undefined) {
          const at = rest.indexOf(operation.replaces, rest.indexOf('#') + 1);
          if (at <= 0) return undefined;
          const start = node.range[1] + at;
          return [{ start, end: start + operation.replaces.length, text: operation.text }];
        }
        return [{ start: node.range[1], end: node.range[1], text: ` # ${operation.text}` }];
      }
    }
  }

  #node(path: YamlPath): unknown {
    let node = this.#root;
    for (const key of path) {
      if (this.#yaml.isMap(node)) node = pairOf(this.#yaml, node, String(key))?.value;
      else if (this.#yaml.isSeq(node) && typeof key === 'number') node = node.items[key];
      else return undefined;
    }
    return node;
  }

  #map(path: YamlPath): PlacedMap | undefined {
    const map = this.#node(path);
    if (!this.#yaml.isMap(map) || !map.range) return undefined;
    return { yaml: this.#yaml, text: this.text, map, step: this.#step() };
  }

  /** How much deeper the first mapping within a mapping stands. */
  #step(): string {
    const jobs = this.#node(['jobs']) ?? this.#node(['runs']);
    const first = this.#yaml.isMap(jobs) && jobs.flow !== true ? jobs.range?.[0] : undefined;
    const column = first === undefined ? 2 : first - (this.text.lastIndexOf('\n', first - 1) + 1);
    return ' '.repeat(column >= 1 && column <= 8 ? column : 2);
  }

  #set(path: YamlPath, value: PlainValue, behind: readonly string[]): readonly Piece[] | undefined {
    const last = path.at(-1);
    if (typeof last !== 'string') return undefined;
    const map = this.#map(path.slice(0, -1));
    if (map === undefined) {
      // What is not there, and a key without a value, are empty mappings.
      const above = this.#node(path.slice(0, -1));
      const isEmpty = above === undefined || (this.#yaml.isScalar(above) && above.value === null);
      return isEmpty ? this.#set(path.slice(0, -1), { [last]: value }, behind) : undefined;
    }
    const pair = pairOf(this.#yaml, map.map, last);
    if (pair === undefined) return insertEntry(map, last, value, behind);
    const old = pair.value;
    if (!this.#yaml.isScalar(old) && !(this.#yaml.isMap(old) && old.flow === true)) return undefined;
    const key = pair.key as Node;
    if (!old.range || !key.range) return undefined;
    const [start, end] = [old.range[0], old.range[1]];
    if (old.anchor !== undefined || this.#yaml.isAlias(old)) return undefined;
    const flow = map.map.flow === true;
    const line = this.text.lastIndexOf('\n', key.range[0] - 1) + 1;
    const isMapping = value !== null && typeof value === 'object' && !Array.isArray(value);
    if (flow || !isMapping || this.#yaml.isMap(old) || Object.keys(value).length === 0) {
      const colon = this.text.slice(key.range[1], start);
      const text = writeInline(value, flow || this.#yaml.isMap(old));
      return [{ start, end, text: /\s$/.test(colon) ? text : ` ${text}` }];
    }
    const from = start - (/[ \t]*$/.exec(this.text.slice(key.range[1], start))?.[0].length ?? 0);
    const indent = ' '.repeat(key.range[0] - line);
    const lines = writeBelow(value, { flow: false, eol: eolOf(this.text), indent, step: map.step });
    const comment = /^[ \t]*#[^\r\n]*/.exec(this.text.slice(end))?.[0] ?? '';
    return comment === ''
      ? [{ start: from, end, text: lines }]
      : [
          { start: from, end, text: '' },
          { start: end + comment.length, end: end + comment.length, text: lines },
        ];
  }

  #rewrite(path: YamlPath, pieces: readonly Piece[]): readonly Piece[] | undefined {
    const node = this.#node(path);
    if (!this.#yaml.isScalar(node) || !node.range || typeof node.value !== 'string') return undefined;
    const around = this.#node(path.slice(0, -1));
    return rewriteScalar(
      {
        style: node.type as ScalarStyle,
        flow: this.#inFlow(path) || (this.#yaml.isCollection(around) && around.flow === true),
        start: node.range[0],
        source: this.text.slice(node.range[0], node.range[1]),
        value: node.value,
      },
      pieces,
    );
  }

  #inFlow(path: YamlPath): boolean {
    return path.some((_, length) => {
      const node = this.#node(path.slice(0, length));
      return this.#yaml.isCollection(node) && node.flow === true;
    });
  }
}

/** Reads a text of which `readYaml` took a tree; undefined when it is not YAML of one document. */
export async function openLayout(text: string): Promise<Layout | undefined> {
  const value = await valueOf(text);
  if (value === undefined) return undefined;
  const { parseAllDocuments, isAlias, isCollection, isMap, isNode, isPair, isScalar, isSeq } = await import(
    '../read/yaml-library.ts'
  );
  const yaml = { isAlias, isCollection, isMap, isNode, isPair, isScalar, isSeq };
  const documents = parseAllDocuments(text, {
    version: '1.2',
    uniqueKeys: false,
    strict: true,
    logLevel: 'silent',
    prettyErrors: false,
  });
  const [document, second] = Array.isArray(documents) ? documents : [];
  if (document === undefined || second !== undefined || document.errors.length > 0) return undefined;
  return new Layout(yaml, text, document.contents, value);
}

/** What a text says, read as it is when it is judged; undefined when it is refused. */
async function valueOf(text: string): Promise<PlainValue | undefined> {
  const tree = await readYaml('', Buffer.from(text));
  return 'kind' in tree ? plain(tree) : undefined;
}

function plain(tree: Tree): PlainValue {
  if (tree.kind === 'sequence') return tree.items.map(plain);
  if (tree.kind === 'mapping')
    return Object.fromEntries(tree.entries.map(({ key, value }) => [key, plain(value)]));
  const { value } = tree;
  // As JSON has it: one that is no number is equal to itself.
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}

/** A text with edits done, and whether it then says exactly what the operations say, and what it said else. */
export async function provesItself(
  before: Layout,
  edited: string,
  operations: readonly Operation[],
): Promise<boolean> {
  let wanted: PlainValue | undefined = before.value;
  for (const operation of operations) wanted = wanted === undefined ? undefined : resultOf(wanted, operation);
  const now = wanted === undefined ? undefined : await valueOf(edited);
  return wanted !== undefined && now !== undefined && sameValue(now, wanted);
}
