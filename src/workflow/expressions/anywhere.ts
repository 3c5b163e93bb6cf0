import { ExpressionFailure } from './failure.ts';
import { type Arity, parseExpression, type Vocabulary } from './parse.ts';
import { vocabularyOf } from './evaluate.ts';
import { segmentsOf } from './segments.ts';
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

/** The sources between `${{` and `}}`, in order; none of a text that is malformed, which is refused elsewhere. */
export function expressionsIn(text: string): readonly string[] {
  if (!text.includes('${{')) return [];
  try {
    return segmentsOf(text).flatMap((part) => (part.kind === 'expression' ? [part.source] : []));
  } catch (failure) {
    if (failure instanceof ExpressionFailure) return [];
    throw failure;
  }
}
