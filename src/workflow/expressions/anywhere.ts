import { ExpressionFailure } from './failure.ts';
import { type Arity, parseExpression, type Vocabulary } from './parse.ts';
import { vocabularyOf } from './evaluate.ts';
import { segmentsOf, sourcesOf } from './segments.ts';
import type { Expression } from './tree.ts';

const CONTEXTS =
  'github env vars job jobs steps runner secrets strategy matrix needs inputs gitea forgejo forge'.split(' ');
const STATUS: readonly (readonly [string, Arity])[] = ['success', 'failure', 'cancelled', 'always'].map(
  (name) => [name, { least: 0, most: 255 }],
);

/** Every name and function that there is somewhere: whether it exists where it stands is another question. */
const EVERYTHING: Vocabulary = vocabularyOf(
  CONTEXTS,
  new Map([...STATUS, ['hashfiles', { least: 1, most: 255 }]]),
);

/** The tree of one expression, wherever it may stand; undefined when it is malformed. Hostile text is bounded as in a run. */
export function parseAnywhere(source: string): Expression | undefined {
  try {
    return parseExpression(source, EVERYTHING);
  } catch (failure) {
    if (failure instanceof ExpressionFailure) return undefined;
    throw failure;
  }
}

/** An expression that is read, or why it is none: the position counts characters of the source, from 1. */
export type ReadExpression =
  | { readonly tree: Expression }
  | { readonly why: string; readonly position: number | undefined };

/** The tree of one expression, wherever it may stand, or why there is none. Hostile text is bounded as in a run. */
export function readExpression(source: string): ReadExpression {
  try {
    return { tree: parseExpression(source, EVERYTHING) };
  } catch (failure) {
    if (!(failure instanceof ExpressionFailure)) throw failure;
    const [why = '', rest = ''] = failure.message.split('. Located at position ', 2);
    const position = /^\d+/.exec(rest)?.[0];
    return { why, position: position === undefined ? undefined : Number(position) };
  }
}

/** Why the `${{ }}` of a text cannot be told apart; undefined when they can. */
export function brokenTemplate(text: string): string | undefined {
  if (!text.includes('${{')) return undefined;
  try {
    segmentsOf(text);
    return undefined;
  } catch (failure) {
    if (failure instanceof ExpressionFailure) return failure.message;
    throw failure;
  }
}

/** Whether a text is one expression and nothing else, but for space around it. */
export function isOneExpression(text: string): boolean {
  if (!text.includes('${{')) return false;
  try {
    const parts = segmentsOf(text.trim());
    return parts.length === 1 && parts[0]?.kind === 'expression';
  } catch (failure) {
    if (failure instanceof ExpressionFailure) return false;
    throw failure;
  }
}

/** The sources between `${{` and `}}`, in order; none of a text that is malformed, which is refused elsewhere. */
export function expressionsIn(text: string): readonly string[] {
  if (!text.includes('${{')) return [];
  try {
    return sourcesOf(text);
  } catch (failure) {
    if (failure instanceof ExpressionFailure) return [];
    throw failure;
  }
}
