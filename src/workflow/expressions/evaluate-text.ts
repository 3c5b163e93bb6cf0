import { err, ok, type Place, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { Contexts, ContextValue, StatusSoFar, Text } from '../model.ts';
import { evaluateExpression, evaluateTree, type ExtraFunctions, vocabularyOf } from './evaluate.ts';
import { ExpressionFailure, MAX_RESULT } from './failure.ts';
import { parseExpression } from './parse.ts';
import { type Segment, segmentsOf } from './segments.ts';
import { calledIn } from './tree.ts';
import { isTrue, toText } from './values.ts';

/** Functions that need the machine, given by who has it. Without them, an expression that calls one is refused. */
export interface WorkspaceFunctions {
  /** Hash over the files in the workspace that match, empty when none does. */
  readonly hashFiles?: (patterns: readonly string[]) => string;
}

/** `skipped`: what came before did not all succeed, though nothing failed and nobody cancelled. */
export interface ConditionStatus {
  readonly status: StatusSoFar['status'] | 'skipped';
}

const STATUS_FUNCTIONS = ['success', 'failure', 'cancelled', 'always'] as const;

/**
 * Text with its `${{ }}` replaced by their values as text. Fails where GitHub's evaluation fails: malformed, unknown
 * name, too deep, too large. Every value in it may be hostile; time and memory are bounded.
 */
export function evaluateText(
  text: Text,
  contexts: Contexts,
  functions: WorkspaceFunctions = {},
): Result<string, Refusal> {
  return guarded(text.at, () => {
    const extra = workspaceFunctions(functions);
    let size = 0;
    const parts = segmentsOf(text.text).map((segment) => {
      const part =
        segment.kind === 'text' ? segment.text : toText(evaluateExpression(segment.source, contexts, extra));
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
  functions: WorkspaceFunctions = {},
): Result<ContextValue, Refusal> {
  return guarded(text.at, () => {
    const only = onlyExpression(segmentsOf(text.text));
    if (only !== undefined) return evaluateExpression(only, contexts, workspaceFunctions(functions));
    const evaluated = evaluateText(text, contexts, functions);
    if (!evaluated.ok) throw new ExpressionFailure(evaluated.error.why);
    return evaluated.value;
  });
}

/**
 * An `if`: `${{ }}` may be left out, and a condition that asks for no status (`success()`, `failure()`, `cancelled()`,
 * `always()`) holds only when all before it succeeded. No condition is `success()`.
 */
export function evaluateCondition(
  text: Text | undefined,
  contexts: Contexts,
  status: ConditionStatus,
  functions: WorkspaceFunctions = {},
): Result<boolean, Refusal> {
  if (text === undefined) return ok(status.status === 'success');
  return guarded(text.at, () => {
    const extra = new Map([...workspaceFunctions(functions), ...statusFunctions(status)]);
    const tree = parseExpression(conditionSource(text.text), vocabularyOf(Object.keys(contexts), extra));
    const called = calledIn(tree);
    const asksStatus = STATUS_FUNCTIONS.some((name) => called.has(name));
    if (!asksStatus && status.status !== 'success') return false;
    return isTrue(evaluateTree(tree, contexts, extra));
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

function workspaceFunctions(functions: WorkspaceFunctions): ExtraFunctions {
  const { hashFiles } = functions;
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

function guarded<T>(at: Place, evaluate: () => T): Result<T, Refusal> {
  try {
    return ok(evaluate());
  } catch (failure) {
    if (!(failure instanceof ExpressionFailure)) throw failure;
    return err(expressionRefusal(failure, at));
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
