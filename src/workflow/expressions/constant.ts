import { evaluateTree } from './evaluate.ts';
import { ExpressionFailure } from './failure.ts';
import { type Expression, isWrittenOut } from './tree.ts';
import { isTrue } from './values.ts';
import { EvaluationWork } from './work.ts';

const PURE = new Set(['contains', 'startswith', 'endswith', 'format', 'join', 'tojson', 'fromjson', 'case']);
const MOST = 200_000;

/**
 * Whether an expression that names no context, and calls only functions whose result is theirs alone, counts as true; undefined
 * for any other, and for one that fails. Bounded.
 */
export function writtenOutcome(expression: Expression): boolean | undefined {
  if (!isWrittenOut(expression, PURE)) return undefined;
  try {
    return isTrue(evaluateTree(expression, {}, new EvaluationWork(MOST)));
  } catch (failure) {
    if (failure instanceof ExpressionFailure) return undefined;
    throw failure;
  }
}
