import { err, ok, type Place, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { Contexts, ContextValue, StatusSoFar, Text } from '../model.ts';
import {
  evaluateExpression,
  evaluateTree,
  type ExtraFunctions,
  parseWithin,
  vocabularyOf,
} from './evaluate.ts';
import { ExpressionFailure, MAX_RESULT } from './failure.ts';
import { type Segment, segmentsOf } from './segments.ts';
import { calledIn } from './tree.ts';
import { isTrue, toText } from './values.ts';
import { type EvaluationWork, workRefusal, WorkSpent } from './work.ts';

/** What evaluating takes besides contexts. */
export interface EvaluationMeans {
  /** What all evaluations of the command may take together. */
  readonly work: EvaluationWork;
  /** Hash over the files in the workspace that match, empty when none does. Absent: an expression that calls it is refused. */
  readonly hashFiles?: (patterns: readonly string[]) => string;
}

/** `skipped`: what came before did not all succeed, though nothing failed and nobody cancelled. */
export interface ConditionStatus {
  readonly status: StatusSoFar['status'] | 'skipped';
}

/** What it takes to look at a text that holds no expression, in units of work: measured. */
const PLAIN = 40;

const STATUS_FUNCTIONS = ['success', 'failure', 'cancelled', 'always'] as const;

/**
 * Text with its `${{ }}` replaced by their values as text. Fails where GitHub's evaluation fails: malformed, unknown
 * name, too deep, too large. Every value in it may be hostile; time and memory are bounded.
 */
export function evaluateText(
  text: Text,
  contexts: Contexts,
  means: EvaluationMeans,
): Result<string, Refusal> {
  return guarded(text.at, () => {
    const extra = workspaceFunctions(means);
    means.work.spend(PLAIN + text.text.length / 64);
    let size = 0;
    const parts = segmentsOf(text.text).map((segment) => {
      const part =
        segment.kind === 'text'
          ? segment.text
          : toText(evaluateExpression(segment.source, contexts, means.work, extra));
      if (segment.kind === 'expression') size += part.length;
      if (size > MAX_RESULT) throw new ExpressionFailure('The maximum allowed memory size was exceeded');
      return part;
    });
    return parts.join('');
  });
}

/** As `evaluateText`, but text that is one whole `${{ }}` keeps the type of its value. */
export function evaluateValue(
  text: Text,
  contexts: Contexts,
  means: EvaluationMeans,
): Result<ContextValue, Refusal> {
  const whole = guarded(text.at, () => {
    means.work.spend(PLAIN + text.text.length / 64);
    const only = onlyExpression(segmentsOf(text.text));
    return only === undefined
      ? undefined
      : { value: evaluateExpression(only, contexts, means.work, workspaceFunctions(means)) };
  });
  if (!whole.ok) return whole;
  return whole.value === undefined ? evaluateText(text, contexts, means) : ok(whole.value.value);
}

/**
 * An `if`: `${{ }}` may be left out, and a condition that asks for no status (`success()`, `failure()`, `cancelled()`,
 * `always()`) holds only when all before it succeeded. No condition is `success()`.
 */
export function evaluateCondition(
  text: Text | undefined,
  contexts: Contexts,
  status: ConditionStatus,
  means: EvaluationMeans,
): Result<boolean, Refusal> {
  if (text === undefined) return ok(status.status === 'success');
  return guarded(text.at, () => {
    const extra = new Map([...workspaceFunctions(means), ...statusFunctions(status)]);
    const tree = parseWithin(
      means.work,
      conditionSource(text.text),
      vocabularyOf(Object.keys(contexts), extra),
    );
    const called = calledIn(tree);
    const asksStatus = STATUS_FUNCTIONS.some((name) => called.has(name));
    if (!asksStatus && status.status !== 'success') return false;
    return isTrue(evaluateTree(tree, contexts, means.work, extra));
  });
}

/** The expression that an `if` stands for; text around `${{ }}` makes it a string, as GitHub has it. */
export function conditionSource(text: string): string {
  const segments = segmentsOf(text);
  if (segments.every((segment) => segment.kind === 'text')) return text.trim() === '' ? 'success()' : text;
  const only = onlyExpression(segments);
  if (only !== undefined) return only;
  const sources = segments
    .filter((segment) => segment.kind === 'expression')
    .map((segment) => segment.source);
  let index = -1;
  const pattern = segments.map((segment) => {
    if (segment.kind === 'text') return segment.text.replaceAll(/[{}]/g, '$&$&').replaceAll("'", "''");
    index += 1;
    return `{${String(index)}}`;
  });
  return `format('${pattern.join('')}', ${sources.join(', ')})`;
}

function onlyExpression(segments: readonly Segment[]): string | undefined {
  const [first] = segments;
  return segments.length === 1 && first?.kind === 'expression' ? first.source : undefined;
}

function workspaceFunctions({ hashFiles }: EvaluationMeans): ExtraFunctions {
  return new Map([
    [
      'hashfiles',
      {
        least: 1,
        most: 255,
        call: (values) => {
          if (hashFiles === undefined) throw new ExpressionFailure('hashFiles() is not available here');
          return hashFiles(values.map(toText));
        },
      },
    ],
  ]);
}

function statusFunctions({ status }: ConditionStatus): ExtraFunctions {
  const none = { least: 0, most: 0 };
  return new Map([
    ['success', { ...none, call: () => status === 'success' }],
    ['failure', { ...none, call: () => status === 'failure' }],
    ['cancelled', { ...none, call: () => status === 'cancelled' }],
    ['always', { ...none, call: () => true }],
  ]);
}

/** What an evaluation gives, or why it gives nothing, at its place. */
export function guarded<T>(at: Place, evaluate: () => T): Result<T, Refusal> {
  try {
    return ok(evaluate());
  } catch (failure) {
    if (!(failure instanceof ExpressionFailure)) throw failure;
    return err(failure instanceof WorkSpent ? workRefusal(at) : expressionRefusal(failure, at));
  }
}

export function expressionRefusal(failure: ExpressionFailure, at: Place): Refusal {
  return refusal(
    'usage',
    'workflow/expression',
    failure.message.slice(0, 2_000),
    /Unexpected symbol: '"/.test(failure.message)
      ? "write texts of an expression in single quotes: 'text'"
      : 'correct the expression; "Evaluate expressions in workflows" of GitHub\'s documentation describes the language',
    at,
  );
}
