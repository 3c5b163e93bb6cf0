import type { LineCounter, Node as YamlNode, Pair } from 'yaml';
import { type Place, type Refusal, refusal } from '../../base/index.ts';
import { type LookedThrough, lookThrough } from '../../config/index.ts';
import { toText } from '../expressions/values.ts';
import { quickTree } from './quick/quick-tree.ts';

/** A YAML value with its place. A scalar's text is what GitHub makes of its value: the number `3.10` is `3.1`. */
export type Tree =
  | {
      readonly kind: 'scalar';
      readonly value: string | number | boolean | null;
      readonly text: string;
      readonly at: Place;
    }
  | { readonly kind: 'sequence'; readonly items: readonly Tree[]; readonly at: Place }
  | { readonly kind: 'mapping'; readonly entries: readonly Entry[]; readonly at: Place };

export interface Entry {
  readonly key: string;
  readonly keyAt: Place;
  readonly value: Tree;
}

const MAX_BYTES = 1_048_576;
const MAX_DEPTH = 60;
const MAX_NODES = 100_000;
/** Of all scalars, with aliases followed: a long text that is named often is read as often. */
const MAX_TEXT = 4 * MAX_BYTES;
const TOO_LARGE = `the file, with its aliases followed, is too large: it has more than ${MAX_NODES} values or ${MAX_TEXT} characters`;
export const BOUNDS = { depth: MAX_DEPTH, nodes: MAX_NODES, text: MAX_TEXT };

/**
 * Reads one YAML document (1.2 core) of at most 1 MiB. Aliases are followed within a bound on what they stand for, so
 * that a small file cannot become a large tree; tags but those of the core schema, several documents, duplicate keys and keys that are no text are
 * refused. Never throws for what the file holds. `known` is the text of the bytes, for who has decoded them already, with U+FFFD for
 * what is none.
 */
export async function readYaml(
  file: string,
  bytes: Uint8Array,
  known?: string,
): Promise<Tree | readonly Refusal[]> {
  if (bytes.length > MAX_BYTES)
    return [
      bad(file, `the file is larger than ${MAX_BYTES} bytes`, 'make it smaller; GitHub refuses it too'),
    ];
  let text: string;
  try {
    // Without that character there was nothing to put it in the place of.
    text =
      known === undefined || known.includes('\ufffd')
        ? new TextDecoder('utf-8', { fatal: true }).decode(bytes)
        : known;
  } catch {
    return [bad(file, 'the file is not UTF-8 text', 'save it as UTF-8', strangeByteIn(file, bytes))];
  }
  const nul = text.indexOf('\0');
  if (nul !== -1)
    return [
      bad(file, 'the file holds a NUL character', 'save it as plain text', behind(file, text.slice(0, nul))),
    ];
  return quickTree(file, text, BOUNDS) ?? carefulTree(file, text);
}

/** The judge of every text: what `quickTree` is not certain of, and what is wrong. Apart only so that the two can be compared. */
export async function carefulTree(file: string, text: string): Promise<Tree | readonly Refusal[]> {
  const yaml = await import('./yaml-library.ts');
  const lines = new yaml.LineCounter();
  const documents = yaml.parseAllDocuments(text, {
    lineCounter: lines,
    version: '1.2',
    // Looked for by ourselves: the library compares each key with each.
    uniqueKeys: false,
    strict: true,
    logLevel: 'silent',
    // Copies the line for each mistake, and a line may hold half a million.
    prettyErrors: false,
  });
  const [document, second] = Array.isArray(documents) ? documents : [];
  if (document === undefined) return [bad(file, 'the file is empty', 'write a workflow')];
  if (second !== undefined)
    return [
      bad(
        file,
        'the file holds more than one document',
        'keep one workflow in a file',
        behind(file, text.slice(0, second.range[0])),
      ),
    ];
  const problem = document.errors[0];
  if (problem !== undefined) {
    // The library tells the beginning of a line whose first word is wrong.
    const indent = /^ {0,200}/.exec(text.slice(problem.pos[0], problem.pos[0] + 200))?.[0].length ?? 0;
    const at = lines.linePos(problem.pos[0] + indent);
    const why = /call stack/.test(problem.message)
      ? 'the file nests too deep'
      : `the YAML cannot be read: ${problem.message.split('\n')[0] ?? ''}`;
    return [bad(file, why, 'correct the YAML', { file, line: at.line, column: at.col })];
  }
  try {
    const { targets, repeated } = await lookThrough(document);
    const builder = new Builder(file, lines, yaml, targets);
    if (repeated.length > 0) return repeated.map((key) => builder.twice(key));
    return builder.build(document.contents, 0);
  } catch (error) {
    if (error instanceof Unreadable) return [error.why];
    throw error;
  }
}

/** Where bytes begin that are no UTF-8. */
function strangeByteIn(file: string, bytes: Uint8Array): Place {
  const again = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
  const at = again.findIndex((byte, index) => byte !== bytes[index]);
  return behind(file, new TextDecoder().decode(bytes.subarray(0, Math.max(0, at))));
}

/** The place behind the beginning of a file. */
function behind(file: string, text: string): Place {
  const lines = text.split(/\r\n|\n/);
  return { file, line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

class Unreadable extends Error {
  readonly why: Refusal;
  constructor(why: Refusal) {
    super(why.why);
    this.why = why;
  }
}

/** The tags of YAML's core schema, which GitHub takes on scalars; any other is refused, as there. */
const SCALAR_TAGS = new Set(
  ['str', 'int', 'float', 'bool', 'null'].map((name) => `tag:yaml.org,2002:${name}`),
);

type Yaml = typeof import('./yaml-library.ts');

class Builder {
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #yaml: Yaml;
  readonly #targets: LookedThrough['targets'];
  readonly #open = new Set<unknown>();
  #nodes = 0;
  #text = 0;

  constructor(file: string, lines: LineCounter, yaml: Yaml, targets: LookedThrough['targets']) {
    this.#file = file;
    this.#lines = lines;
    this.#yaml = yaml;
    this.#targets = targets;
  }

  build(node: unknown, depth: number): Tree {
    const at = this.#place(node);
    this.#nodes += 1;
    if (depth > MAX_DEPTH) this.#refuse('the file nests too deep', 'flatten it', at);
    if (this.#nodes > MAX_NODES) this.#refuse(TOO_LARGE, 'make it smaller', at);
    const yaml = this.#yaml;
    if (node === null || node === undefined) return { kind: 'scalar', value: null, text: '', at };
    if (yaml.isAlias(node)) {
      const target = this.#targets.get(node);
      if (target === undefined)
        return this.#refuse('the alias stands for nothing', 'define its anchor before it', at);
      if (this.#open.has(target))
        return this.#refuse('the alias stands for what it is a part of', 'write the value out', at);
      return this.#within(target, depth + 1);
    }
    if (yaml.isScalar(node)) return this.#scalar(node, at);
    if (yaml.isSeq(node)) {
      this.#noTag(node.tag, 'tag:yaml.org,2002:seq', at);
      return { kind: 'sequence', items: node.items.map((item) => this.build(item, depth + 1)), at };
    }
    if (yaml.isMap(node)) {
      this.#noTag(node.tag, 'tag:yaml.org,2002:map', at);
      const entries = node.items.map((pair) => this.#entry(pair, depth));
      return { kind: 'mapping', entries, at };
    }
    return this.#refuse('the file holds something that is no value', 'correct the YAML', at);
  }

  /** Builds what an alias stands for; inside it no alias may stand for it again. */
  #within(target: unknown, depth: number): Tree {
    this.#open.add(target);
    const tree = this.build(target, depth);
    this.#open.delete(target);
    return tree;
  }

  #scalar(node: import('yaml').Scalar, at: Place): Tree {
    if (node.tag !== undefined && !SCALAR_TAGS.has(node.tag)) this.#noTag(node.tag, undefined, at);
    const { value } = node;
    if (node.tag !== undefined && typeof value === 'string' && node.tag !== 'tag:yaml.org,2002:str')
      this.#refuse('the value is not of the type that its tag says', 'remove the tag', at);
    if (
      value === null ||
      typeof value === 'string' ||
      typeof value === 'boolean' ||
      typeof value === 'number'
    ) {
      const text = toText(value);
      this.#text += text.length;
      if (this.#text > MAX_TEXT) this.#refuse(TOO_LARGE, 'make it smaller', at);
      return { kind: 'scalar', value, text, at };
    }
    return this.#refuse(
      'the file holds a value that is no text, number or truth value',
      'put it in quotes',
      at,
    );
  }

  #entry(pair: Pair, depth: number): Entry {
    const key = this.build(pair.key, depth + 1);
    if (key.kind !== 'scalar') return this.#refuse('a key is no text', 'use text as key', key.at);
    if (key.text === '<<')
      this.#refuse('merge keys are not part of the workflow syntax', 'write the keys out', key.at);
    return {
      key: key.text,
      keyAt: key.at,
      value:
        pair.value === null
          ? { kind: 'scalar', value: null, text: '', at: key.at }
          : this.build(pair.value, depth + 1),
    };
  }

  #noTag(tag: string | undefined, own: string | undefined, at: Place): void {
    if (tag !== undefined && tag !== own)
      this.#refuse('explicit tags are not part of the workflow syntax', 'remove the tag', at);
  }

  #place(node: unknown): Place {
    const yaml = this.#yaml;
    const range = yaml.isNode(node) ? node.range : undefined;
    if (range === undefined || range === null) return { file: this.#file };
    const at = this.#lines.linePos(range[0]);
    return { file: this.#file, line: at.line, column: at.col };
  }

  /** A key that its mapping has already. */
  twice(node: YamlNode): Refusal {
    const name = this.#yaml.isScalar(node)
      ? `: ${JSON.stringify(String(node.value).slice(0, 80))} is there twice`
      : '';
    const why = `the YAML cannot be read: Map keys must be unique${name}`;
    return bad(this.#file, why, 'remove one of them', this.#place(node));
  }

  #refuse(why: string, fix: string, at: Place): never {
    throw new Unreadable(bad(this.#file, why, fix, at));
  }
}

function bad(file: string, why: string, fix: string, at?: Place): Refusal {
  return refusal('usage', 'workflow/yaml', why, fix, at ?? { file });
}
