import {
  brokenTemplate,
  type Expression,
  expressionsIn,
  isOneExpression,
  type ReadExpression,
} from '../../workflow/index.ts';
import type { Span } from '../finding.ts';
import type { Source } from '../repository/model.ts';
import { expressionSpan, spanOf } from '../repository/tree.ts';
import { PLACES, type PlaceName } from '../syntax/availability.ts';
import { nearest } from '../syntax/nearest.ts';
import { locatePiece, locatePosition } from '../syntax/locate.ts';
import type { Slot } from '../syntax/walk.ts';
import { type Contexts, inferType } from './infer.ts';
import { said, type Type } from './type.ts';

/** What is wrong with an expression where it stands. */
export interface ExpressionProblem {
  readonly kind: 'syntax' | 'reference' | 'type';
  readonly at: Span;
  readonly why: string;
  readonly fix: string;
  readonly job?: string;
  readonly path?: readonly string[];
  readonly unsure?: true;
}

export interface Means {
  readonly source: Source;
  readonly read: (expression: string) => ReadExpression;
  readonly contextsAt: (slot: Slot) => Contexts;
}

/** Of one text; to find the place of each takes time. */
const MAX_WRONG = 50;

/** Checks the expressions of one text: that they can be read, that what they name is there, and that types fit. */
export function* checkSlot(slot: Slot, means: Means): Iterable<ExpressionProblem> {
  const { source } = means;
  const { text } = slot;
  const of = slot.job === undefined ? {} : { job: slot.job };
  const templates = expressionsIn(text.text);
  const broken = templates.length === 0 ? brokenTemplate(text.text) : undefined;
  if (broken !== undefined) {
    const at = locatePiece(source, text, 0, ['${{']);
    yield { kind: 'syntax', at, why: broken, fix: 'write ${{ EXPRESSION }}', ...of };
    return;
  }
  const bare = slot.wanted === 'condition' && templates.length === 0;
  if (bare && text.text.trim() === '') return;
  const alone = bare || isOneExpression(text.text);
  let wrong = 0;
  for (const [index, expression] of (bare ? [text.text.trim()] : templates).entries()) {
    if (wrong > MAX_WRONG) return;
    if (slot.place === 'nowhere') {
      const read = means.read(expression);
      const at = locatePiece(source, text, index, ['tree' in read ? firstName(read.tree) : '', '${{']);
      const why = 'no expression is evaluated here';
      yield { kind: 'syntax', at, why, fix: 'write the value itself', ...of };
      return;
    }
    const read = means.read(expression);
    if (!('tree' in read)) {
      const at = locatePosition(source, text, index, expression, strangeSign(expression, read));
      yield { kind: 'syntax', at, why: read.why, fix: hint(expression, read.why), ...of };
      wrong += 1;
      continue;
    }
    for (const { piece, why } of unavailable(read.tree, slot.place)) {
      const at = locatePiece(source, text, index, [piece]);
      yield { kind: 'syntax', at, why, fix: fixOf(slot.place), ...of };
      wrong += 1;
    }
    const found: ExpressionProblem[] = [];
    const type = inferType(read.tree, means.contextsAt(slot), ({ pieces, ...problem }) => {
      found.push({ ...problem, at: locatePiece(source, text, index, pieces), ...of });
    });
    yield* found;
    wrong += found.length;
    const unfit = alone ? wrongValue(type, slot) : wrongText(type);
    if (unfit !== undefined && found.length === 0) {
      const at = bare ? spanOf(source, text.at, text.text.length) : expressionSpan(source, text, index);
      yield { kind: 'type', at, ...unfit, ...of };
      wrong += 1;
    }
  }
}

/** Of a word that holds what none may: the position of its first such sign. Of an expression that lacks something: its end. */
function strangeSign(
  expression: string,
  { why, position }: { readonly why: string; readonly position: number | undefined },
): number | undefined {
  if (why.startsWith('Unexpected end of expression')) return expression.length + 1;
  const word = /^Unexpected symbol: '([A-Za-z_][A-Za-z0-9_-]*)[^A-Za-z0-9_'-]/.exec(why)?.[1];
  return word === undefined || position === undefined ? position : position + word.length;
}

const FUNCTIONS =
  'contains startsWith endsWith format join toJSON fromJSON hashFiles case success failure cancelled always'.split(
    ' ',
  );
const NAMES =
  'github env vars job jobs steps runner secrets strategy matrix needs inputs true false null'.split(' ');

function hint(expression: string, why: string): string {
  if (expression.includes('"')) return 'put texts in single quotes';
  const [, kind, word = ''] = /^Unrecognized (function|named-value): '([\w-]+)'/.exec(why) ?? [];
  const near = kind === undefined ? undefined : nearest(word, kind === 'function' ? FUNCTIONS : NAMES);
  if (near !== undefined) return `did you mean ${near}?`;
  if (/Unrecognized function/.test(why)) return 'use a function of GitHub’s expressions reference';
  if (/Unrecognized named-value/.test(why)) return 'name a context, or put the text in single quotes';
  return 'correct the expression';
}

interface Unfit {
  readonly why: string;
  readonly fix: string;
  readonly unsure?: true;
}

function wrongText(type: Type): Unfit | undefined {
  if (type.kind === 'object' || type.kind === 'array')
    return {
      why: `the expression is ${said(type)}, of which only the word ${type.kind === 'object' ? 'Object' : 'Array'} becomes text`,
      fix: 'use toJSON(), join(), or name a property',
    };
  return type.kind === 'null'
    ? { why: 'the expression is null, which is the empty text', fix: 'remove it' }
    : undefined;
}

function wrongValue(type: Type, { wanted }: Slot): Unfit | undefined {
  const is = (...kinds: readonly Type['kind'][]): boolean => kinds.includes(type.kind);
  switch (wanted) {
    case 'anything':
      return undefined;
    case 'text':
      return wrongText(type);
    case 'condition':
      return is('object', 'array')
        ? {
            why: `the condition is ${said(type)}, which counts as true, always`,
            fix: 'compare it, or name a property',
          }
        : undefined;
    case 'truth value':
      return is('object', 'array', 'number', 'null', 'string') ? unlike(type, wanted) : undefined;
    case 'number':
      return is('object', 'array', 'bool', 'null', 'string') ? unlike(type, wanted) : undefined;
    case 'words':
      return is('any', 'array', 'string') ? undefined : unlike(type, 'text or a list of them');
    case 'list':
      return is('any', 'array') ? undefined : unlike(type, wanted);
    case 'mapping':
      return is('any', 'object') ? undefined : unlike(type, wanted);
  }
}

function unlike(type: Type, wanted: string): Unfit {
  return {
    why: `a ${wanted} is wanted, and the expression is ${said(type)}`,
    fix: type.kind === 'string' ? 'use fromJSON() to make it one' : `give a ${wanted}`,
    ...(type.kind === 'string' && { unsure: true as const }),
  };
}

function fixOf(place: PlaceName): string {
  const { contexts, functions } = PLACES[place];
  return `use what there is: ${[...contexts, ...functions.map((name) => `${name}()`)].join(', ') || 'nothing'}`;
}

/** The first context or function of an expression. */
function firstName(tree: Expression): string {
  switch (tree.kind) {
    case 'name':
    case 'call':
      return tree.name;
    case 'index':
    case 'not':
      return firstName(tree.of);
    case 'logical':
      return tree.operands.map(firstName).find((name) => name !== '') ?? '';
    case 'compare':
      return firstName(tree.left) || firstName(tree.right);
    case 'literal':
      return '';
  }
}

const SPECIAL = new Set(['success', 'failure', 'cancelled', 'always', 'hashfiles']);
const FORGES = new Set(['gitea', 'forgejo', 'forge']);

function* unavailable(
  tree: Expression,
  place: PlaceName,
): Iterable<{ readonly piece: string; readonly why: string }> {
  const { contexts, functions } = PLACES[place];
  if (tree.kind === 'name') {
    const name = tree.name.toLowerCase();
    if (!contexts.includes(FORGES.has(name) ? 'github' : name))
      yield { piece: tree.name, why: `the context ${tree.name} is not available here` };
  } else if (tree.kind === 'call') {
    const name = tree.name.toLowerCase();
    if (SPECIAL.has(name) && !functions.includes(name))
      yield { piece: tree.name, why: `the function ${tree.name} is not available here` };
    for (const one of tree.arguments) yield* unavailable(one, place);
  } else if (tree.kind === 'index') {
    yield* unavailable(tree.of, place);
    if (tree.key !== '*') yield* unavailable(tree.key, place);
  } else if (tree.kind === 'not') yield* unavailable(tree.of, place);
  else if (tree.kind === 'logical') for (const one of tree.operands) yield* unavailable(one, place);
  else if (tree.kind === 'compare') {
    yield* unavailable(tree.left, place);
    yield* unavailable(tree.right, place);
  }
}
