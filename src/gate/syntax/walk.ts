import type { Place } from '../../base/index.ts';
import { expressionsIn, isOneExpression, type Entry, type Text, type Tree } from '../../workflow/index.ts';
import type { PlaceName } from './availability.ts';
import { EVENTS } from './event-shapes.ts';
import { CALL_JOB, COMPOSITE_STEPS, JOB, STEPS } from './job-shapes.ts';
import { nearest } from './nearest.ts';
import { LEVELS } from './permission-levels.ts';
import type { Shape, Wanted } from './shape.ts';
import { row } from '../known/row.ts';

/** What GitHub would refuse of a file. */
export interface SyntaxProblem {
  readonly at: Place;
  readonly length: number;
  readonly why: string;
  readonly fix: string;
  readonly job?: string;
  /** It is taken, and of no use. */
  readonly slight?: true;
  /** What lies there is not seen. */
  readonly doubtful?: true;
}

/** A text in which expressions may stand, and what they are for. */
export interface Slot {
  readonly text: Text;
  readonly place: PlaceName;
  readonly wanted: Wanted;
  readonly job?: string;
  /** Of a job's or a composite action's steps, by number. */
  readonly step?: number;
}

type Of<K extends Shape['kind']> = Extract<Shape, { readonly kind: K }>;
interface Key {
  readonly name: string;
  readonly at: Place;
}
interface Scope {
  readonly job?: string;
  readonly step?: number;
}

const ID = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const MAX_PROBLEMS = 500;

/** Holds a tree against its shape. Never fails; what is wrong is gathered, up to a bound. */
export class Walk {
  readonly problems: SyntaxProblem[] = [];
  readonly slots: Slot[] = [];
  #scope: Scope = {};

  problem(at: Place, length: number, why: string, fix: string, weight?: 'slight' | 'doubtful'): void {
    const { job } = this.#scope;
    if (this.problems.length < MAX_PROBLEMS)
      this.problems.push({
        at,
        length,
        why,
        fix,
        ...(job !== undefined && { job }),
        ...(weight !== undefined && { [weight]: true }),
      });
  }

  /** Only as long as it will be told: to compare words takes time. */
  #nearest(word: string, words: readonly string[]): string | undefined {
    return this.problems.length < MAX_PROBLEMS ? nearest(word, words) : undefined;
  }

  visit(tree: Tree, shape: Shape, key: Key): void {
    switch (shape.kind) {
      case 'text':
        return this.#text(tree, shape, key);
      case 'truth value':
      case 'number':
      case 'whole number':
        return this.#value(tree, shape, key);
      case 'mapping':
        return this.#mapping(tree, shape, key);
      case 'names':
        return this.#names(tree, shape, key);
      case 'list':
        return this.#list(tree, shape, key);
      case 'either':
        return this.#either(tree, shape, key);
      case 'anything':
        return this.#anything(tree, shape.place);
      case 'permissions':
        return this.#permissions(tree, key);
      case 'event list':
        return this.#events(tree, key);
      case 'job':
        return this.#within({ job: key.name }, () =>
          this.visit(tree, has(tree, 'uses') ? CALL_JOB : JOB, key),
        );
      case 'step':
        return this.#step(tree, STEPS, key);
      case 'composite step':
        return this.#step(tree, COMPOSITE_STEPS, key);
    }
  }

  #within(scope: Scope, visit: () => void): void {
    const before = this.#scope;
    this.#scope = { ...before, ...scope };
    visit();
    this.#scope = before;
  }

  #slot(text: Text, place: PlaceName, wanted: Wanted): void {
    if (wanted === 'condition' || text.text.includes('${{'))
      this.slots.push({ text, place, wanted, ...this.#scope });
  }

  /** An expression that stands for the whole value; false when the value is something else. */
  #whole(tree: Tree, place: PlaceName | undefined, wanted: Wanted): boolean {
    if (tree.kind !== 'scalar' || place === undefined || !isWhole(tree.text)) return false;
    this.#slot(tree, place, wanted);
    return true;
  }

  #text(tree: Tree, shape: Of<'text'>, key: Key): void {
    if (tree.kind !== 'scalar')
      return this.problem(tree.at, 1, `${key.name} must be text, and is ${shown(tree)}`, 'write it as text');
    const { text, at } = tree;
    if (shape.wanted === 'condition' && text.trim() === '')
      return this.problem(
        tree.value === null ? key.at : at,
        tree.value === null ? key.name.length : 1,
        `${key.name} is empty`,
        'write a condition, or remove it',
      );
    const hasExpression = text.includes('${{');
    if (shape.filled === true && text === '')
      return this.problem(at, 1, `${key.name} is empty`, 'give it a value, or remove it');
    if (shape.whole === true && !isWhole(text))
      return this.problem(
        at,
        text.length,
        `${key.name} must be a ${shape.wanted ?? 'mapping'} or one expression, and is text`,
        `write it as a ${shape.wanted ?? 'mapping'}`,
      );
    if (shape.oneOf !== undefined && !hasExpression && !shape.oneOf.includes(text)) {
      const near = this.#nearest(text, shape.oneOf);
      const why = `${JSON.stringify(text.slice(0, 80))} is no value of ${key.name}`;
      return this.problem(
        at,
        text.length,
        why,
        near === undefined ? `use one of ${shape.oneOf.join(', ')}` : `did you mean ${near}?`,
      );
    }
    this.#slot(tree, shape.place ?? 'nowhere', shape.wanted ?? 'text');
  }

  #value(tree: Tree, shape: Of<'truth value' | 'number' | 'whole number'>, key: Key): void {
    const wanted = shape.kind === 'truth value' ? 'truth value' : 'number';
    if (this.#whole(tree, shape.place, wanted)) return;
    if (tree.kind === 'scalar' && tree.value === null && shape.empty === true) return;
    const text = tree.kind === 'scalar' ? tree.text : '';
    const good =
      tree.kind === 'scalar' &&
      (wanted === 'truth value'
        ? typeof tree.value === 'boolean' || (shape.quoted === true && /^(?:true|false)$/i.test(text))
        : typeof tree.value === 'number' &&
          tree.value > 0 &&
          (shape.kind === 'number' || Number.isInteger(tree.value)));
    if (good) return;
    const what = wanted === 'number' ? `${shape.kind} greater than 0` : shape.kind;
    const isQuoted =
      /^(?:true|false|\d+)$/i.test(text) && tree.kind === 'scalar' && typeof tree.value === 'string';
    this.problem(
      tree.at,
      Math.max(1, text.length),
      `${key.name} must be a ${what}, and is ${text === '' ? shown(tree) : `${isQuoted ? 'the text ' : ''}${JSON.stringify(text.slice(0, 60))}`}`,
      isQuoted
        ? `write ${text} without quotes`
        : wanted === 'truth value'
          ? 'write true or false'
          : `write a ${what}`,
    );
  }

  #notA(tree: Tree, shape: { readonly what: string; readonly empty?: true }, what: string, key: Key): void {
    if (tree.kind === 'scalar' && tree.value === null) {
      if (shape.empty !== true)
        this.problem(key.at, key.name.length, `${key.name} is empty`, 'give it a value, or remove it');
      return;
    }
    this.problem(
      tree.at,
      1,
      `${shape.what} must be a ${what}, and is ${shown(tree)}`,
      `write it as a ${what}`,
    );
  }

  #mapping(tree: Tree, shape: Of<'mapping'>, key: Key): void {
    if (this.#whole(tree, shape.place, 'mapping')) return;
    if (tree.kind !== 'mapping') return this.#notA(tree, shape, 'mapping', key);
    if (shape.idle === true && tree.entries.length === 0) this.#idle(tree, shape.what);
    for (const entry of tree.entries) {
      const inner = Object.hasOwn(shape.keys, entry.key) ? shape.keys[entry.key] : undefined;
      if (inner === undefined) this.#unknown(entry, shape.what, Object.keys(shape.keys));
      else this.visit(entry.value, inner, { name: entry.key, at: entry.keyAt });
    }
    for (const name of shape.required ?? [])
      if (!has(tree, name))
        this.problem(key.at, key.name.length, `${shape.what} must have ${name}`, `add ${name}`);
  }

  #twice(name: string, at: Place, what: string, before?: Place): void {
    const also = before === undefined ? '' : `: also in line ${before.line ?? '?'}`;
    this.problem(
      at,
      name.length,
      `${JSON.stringify(name.slice(0, 100))} is there twice in ${what}, as case does not matter${also}`,
      'give each a name of its own',
    );
  }

  #idle({ at }: Tree, what: string): void {
    this.problem(at, 2, `${what} is empty, and does nothing`, 'remove it', 'slight');
  }

  #unknown({ key, keyAt }: Entry, what: string, keys: readonly string[]): void {
    const near = this.#nearest(key, keys);
    const why = `${JSON.stringify(key.slice(0, 100))} is not a key of ${what}`;
    this.problem(
      keyAt,
      key.length,
      why,
      near === undefined ? `use one of ${keys.join(', ')}` : `did you mean ${near}?`,
    );
  }

  #names(tree: Tree, shape: Of<'names'>, key: Key): void {
    if (this.#whole(tree, shape.place, 'mapping')) return;
    if (tree.kind !== 'mapping') return this.#notA(tree, shape, 'mapping', key);
    if (shape.filled === true && tree.entries.length === 0)
      this.problem(tree.at, 2, `${shape.what} is empty`, 'write at least one');
    if (shape.idle === true && tree.entries.length === 0) this.#idle(tree, shape.what);
    const seen = new Map<string, Place>();
    for (const { key: name, keyAt, value } of tree.entries) {
      const before = seen.get(name.toLowerCase());
      if (before !== undefined) this.#twice(name, keyAt, shape.what, before);
      seen.set(name.toLowerCase(), keyAt);
      const isWritten = !name.includes('${{');
      if (!isWritten && !/^\$\{\{\s*insert\s*\}\}$/.test(name))
        this.#slot({ text: name, at: keyAt }, shape.place ?? 'nowhere', 'text');
      const why = isWritten ? wrongName(name, shape.name) : undefined;
      if (why !== undefined)
        this.problem(
          keyAt,
          name.length,
          `${JSON.stringify(name.slice(0, 100))} in ${shape.what} ${why}`,
          'rename it',
        );
      this.visit(value, shape.values, { name, at: keyAt });
    }
  }

  #list(tree: Tree, shape: Of<'list'>, key: Key): void {
    if (this.#whole(tree, shape.place, 'list')) return;
    if (tree.kind !== 'sequence') return this.#notA(tree, shape, 'list', key);
    if (shape.filled === true && tree.items.length === 0)
      this.problem(tree.at, 2, `${shape.what} is empty`, 'write at least one');
    for (const [index, item] of tree.items.entries()) {
      const visit = (): void => this.visit(item, shape.items, { name: shape.what, at: item.at });
      if (shape.what === 'steps') this.#within({ step: index }, visit);
      else visit();
    }
  }

  #either(tree: Tree, shape: Of<'either'>, key: Key): void {
    const inner = shape[tree.kind];
    if (tree.kind === 'scalar' && tree.value === null) return this.#notA(tree, shape, 'value', key);
    if (inner !== undefined) return this.visit(tree, inner, key);
    const can = (['scalar', 'sequence', 'mapping'] as const).filter((kind) => shape[kind] !== undefined);
    const names = can
      .map((kind) => ({ scalar: 'text', sequence: 'a list', mapping: 'a mapping' })[kind])
      .join(' or ');
    this.problem(tree.at, 1, `${shape.what} must be ${names}, and is ${shown(tree)}`, `write it as ${names}`);
  }

  #anything(tree: Tree, place: PlaceName | undefined): void {
    if (tree.kind === 'scalar') this.#slot(tree, place ?? 'nowhere', 'anything');
    else if (tree.kind === 'sequence') for (const item of tree.items) this.#anything(item, place);
    else {
      const seen = new Set<string>();
      for (const { key, keyAt, value } of tree.entries) {
        if (seen.size === seen.add(key.toLowerCase()).size) this.#twice(key, keyAt, 'the mapping');
        this.#anything(value, place);
      }
    }
  }

  #permissions(tree: Tree, key: Key): void {
    if (tree.kind === 'scalar') {
      if (tree.value === null) return this.#notA(tree, { what: 'permissions' }, 'mapping', key);
      if (tree.text !== 'read-all' && tree.text !== 'write-all')
        this.problem(
          tree.at,
          tree.text.length,
          `${JSON.stringify(tree.text.slice(0, 60))} is no set of permissions`,
          'use read-all, write-all, {} or a mapping',
        );
      return;
    }
    if (tree.kind === 'sequence') return this.#notA(tree, { what: 'permissions' }, 'mapping', key);
    for (const entry of tree.entries) {
      const levels = Object.hasOwn(LEVELS, entry.key) ? LEVELS[entry.key] : undefined;
      if (levels === undefined) this.#unknown(entry, 'permissions', Object.keys(LEVELS));
      else
        this.visit(
          entry.value,
          { kind: 'text', filled: true, oneOf: levels },
          { name: entry.key, at: entry.keyAt },
        );
    }
  }

  #events(tree: Tree, key: Key): void {
    const known = (name: string, at: Place): boolean => {
      if (Object.hasOwn(EVENTS, name)) return true;
      const near = this.#nearest(name, Object.keys(EVENTS));
      this.problem(
        at,
        name.length,
        `${JSON.stringify(name.slice(0, 100))} is not an event`,
        near === undefined ? 'use an event of GitHub’s events reference' : `did you mean ${near}?`,
      );
      return false;
    };
    if (tree.kind === 'scalar') {
      if (tree.value === null) this.problem(key.at, key.name.length, 'on is empty', 'say when it runs');
      else known(tree.text, tree.at);
    } else if (tree.kind === 'sequence') {
      if (tree.items.length === 0) this.problem(tree.at, 2, 'on is empty', 'say when it runs');
      for (const item of tree.items)
        if (item.kind === 'scalar') known(item.text, item.at);
        else this.problem(item.at, 1, 'an event of a list has no filters', 'write on as a mapping');
    } else if (tree.entries.length === 0) this.problem(tree.at, 2, 'on is empty', 'say when it runs');
    else
      for (const { key: name, keyAt, value } of tree.entries)
        if (known(name, keyAt))
          this.visit(value, row(EVENTS, name) ?? { kind: 'anything' }, { name, at: keyAt });
  }

  #step(tree: Tree, shapes: Readonly<Record<string, Shape>>, key: Key): void {
    if (tree.kind !== 'mapping')
      return this.problem(tree.at, 1, `a step must be a mapping, and is ${shown(tree)}`, 'write run or uses');
    const kinds = Object.keys(shapes).filter((kind) => has(tree, kind));
    const [first = ''] = kinds;
    const shape = shapes[first];
    if (kinds.length === 1 && shape !== undefined)
      return this.visit(tree, shape, { name: key.name, at: tree.at });
    const begin = tree.entries.find((entry) => kinds.includes(entry.key));
    this.problem(
      begin?.keyAt ?? tree.at,
      begin?.key.length ?? 1,
      kinds.length === 0 ? 'the step has neither run nor uses' : `the step has ${kinds.join(' and ')}`,
      'give it exactly one of them',
    );
    const keys = Object.assign(
      {},
      ...Object.values(shapes).map((one) => (one.kind === 'mapping' ? one.keys : {})),
    ) as Readonly<Record<string, Shape>>;
    this.visit(tree, { kind: 'mapping', what: 'a step', keys }, key);
  }
}

function has(tree: Tree, key: string): boolean {
  return tree.kind === 'mapping' && tree.entries.some((entry) => entry.key === key);
}

function isWhole(text: string): boolean {
  const whole = text.trim();
  return (
    whole.startsWith('${{') &&
    whole.endsWith('}}') &&
    (isOneExpression(whole) || expressionsIn(whole).length === 0)
  );
}

function shown(tree: Tree): string {
  if (tree.kind === 'sequence') return 'a list';
  if (tree.kind === 'mapping') return 'a mapping';
  return tree.value === null ? 'empty' : `text (${JSON.stringify(tree.text.slice(0, 60))})`;
}

function wrongName(name: string, kind: 'id' | 'variable' | 'any'): string | undefined {
  if (kind === 'id' && !(ID.test(name) && name.length <= 100 && !name.startsWith('__')))
    return 'is no name: it must begin with a letter or _, hold only letters, digits, - and _, and not begin with __';
  if (kind === 'variable' && (/[&=\s]/.test(name) || name === ''))
    return 'is no name of a variable: it must not hold &, = or a space';
  return undefined;
}
