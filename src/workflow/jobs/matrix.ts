import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { evaluateValue, guarded } from '../expressions/evaluate-text.ts';
import type { EvaluationWork } from '../expressions/work.ts';
import type { Contexts, ContextValue, MatrixSource, MatrixValue } from '../model.ts';

export type Combination = Readonly<Record<string, ContextValue>>;

/** By name in the matrix, or `name.key`: the values that are wanted, as text. A name that a job's matrix has not says nothing of that job. */
export type MatrixChoice = ReadonlyMap<string, readonly string[]>;

export function isChosen(combination: Combination, choice: MatrixChoice): boolean {
  return [...choice].every(([name, values]) => {
    const value = valueAt(combination, name);
    return value === undefined || values.includes(String(value));
  });
}

/** A value of a combination by its name, or by `name.key` in one that is a mapping. */
export function valueAt(combination: Combination, name: string): ContextValue | undefined {
  let value: ContextValue | undefined = combination;
  for (const key of Object.hasOwn(combination, name) ? [name] : name.split('.'))
    value = isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}

/** GitHub's own bound. */
const MAX_COMBINATIONS = 256;

/** What it takes to copy one member of a large mapping, in units of work: measured. */
const COPY = 25;

type Mapping = { readonly [key: string]: ContextValue };

function isMapping(value: ContextValue | undefined): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A job's matrix as the combinations that GitHub runs: the product of its vectors, less `exclude`, then `include`, which
 * adds to the combinations whose original values it does not change, and else is one of its own.
 */
export function expandMatrix(
  source: MatrixSource,
  contexts: Contexts,
  work: EvaluationWork,
): Result<readonly Combination[], Refusal> {
  const expanded = guarded(source.at, () => expand(source, contexts, work));
  return expanded.ok ? expanded.value : expanded;
}

function expand(
  source: MatrixSource,
  contexts: Contexts,
  work: EvaluationWork,
): Result<readonly Combination[], Refusal> {
  const evaluated =
    source.kind === 'expression'
      ? evaluateValue(source.text, contexts, { work })
      : evaluateNested(source.value, source, contexts, work);
  if (!evaluated.ok) return evaluated;
  if (!isMapping(evaluated.value)) return refuse(source, 'the matrix is not a mapping');
  const { include, exclude, ...vectors } = evaluated.value;
  const lists = Object.entries(vectors);
  let count = 1;
  for (const [name, values] of lists) {
    if (!Array.isArray(values) || values.length === 0)
      return refuse(source, `the matrix's ${JSON.stringify(name)} is not a list with values`);
    count *= values.length;
    // Counted before anything is built: a matrix of a million must cost nothing.
    if (count > MAX_COMBINATIONS)
      return refuse(source, `the matrix has more than ${MAX_COMBINATIONS} combinations`);
  }
  const includes = mappings(include);
  const excludes = mappings(exclude);
  if (includes === undefined || excludes === undefined)
    return refuse(source, 'include and exclude must be lists of mappings');
  if (lists.length === 0 && includes.length === 0) return refuse(source, 'the matrix is empty');
  if (includes.length > MAX_COMBINATIONS)
    return refuse(source, `the matrix has more than ${MAX_COMBINATIONS} combinations`);
  let combinations: Mapping[] = lists.length === 0 ? [] : [{}];
  for (const [at, [name, values]] of lists.entries()) {
    work.spend(combinations.length * (values as readonly ContextValue[]).length * (at + 1) * COPY);
    combinations = combinations.flatMap((base) =>
      (values as readonly ContextValue[]).map((value) => ({ ...base, [name]: value })),
    );
  }
  const kept = combinations.filter(
    (combination) => !excludes.some((entry) => matches(combination, entry, work)),
  );
  const result = addIncludes(kept, includes, new Set(Object.keys(vectors)), work);
  return result.length > MAX_COMBINATIONS
    ? refuse(source, `the matrix has more than ${MAX_COMBINATIONS} combinations`)
    : ok(result);
}

function addIncludes(
  originals: readonly Mapping[],
  includes: readonly Mapping[],
  keys: ReadonlySet<string>,
  work: EvaluationWork,
): readonly Combination[] {
  const extended = originals.map((combination) => ({ original: combination, now: combination }));
  const added: Mapping[] = [];
  for (const entry of includes) {
    const own = Object.keys(entry);
    const shared = own.filter((key) => keys.has(key));
    work.spend(own.length);
    let used = false;
    for (const combination of extended) {
      if (!shared.every((key) => same(combination.original[key], entry[key], work))) continue;
      work.spend((Object.keys(combination.now).length + own.length) * COPY);
      combination.now = { ...combination.now, ...entry };
      used = true;
    }
    if (!used) added.push(entry);
  }
  return [...extended.map((combination) => combination.now), ...added];
}

function mappings(value: ContextValue | undefined): readonly Mapping[] | undefined {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return undefined;
  const list = value as readonly ContextValue[];
  return list.every(isMapping) ? list.filter(isMapping) : undefined;
}

/** True when the combination has every value that the entry names; an entry of `exclude` may name a part of an object. */
function matches(combination: Mapping, entry: Mapping, work: EvaluationWork): boolean {
  work.spend(1);
  return Object.entries(entry).every(([key, value]) => {
    const own = combination[key];
    return isMapping(value) && isMapping(own) ? matches(own, value, work) : same(own, value, work);
  });
}

function same(a: ContextValue | undefined, b: ContextValue | undefined, work: EvaluationWork): boolean {
  if (typeof a !== 'string' || typeof b !== 'string') return identical(a, b, work);
  work.spend(1 + (a.length + b.length) / 64);
  return a.toLowerCase() === b.toLowerCase();
}

/** As their JSON would be the same, without making it: a large value may be compared with many. */
function identical(a: ContextValue | undefined, b: ContextValue | undefined, work: EvaluationWork): boolean {
  work.spend(1);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  work.spend(left.length + right.length);
  return (
    left.length === right.length &&
    left.every(([key, value], at) => right[at]?.[0] === key && identical(value, right[at][1], work))
  );
}

function evaluateNested(
  value: MatrixValue,
  source: MatrixSource,
  contexts: Contexts,
  work: EvaluationWork,
): Result<ContextValue, Refusal> {
  if (typeof value === 'string') return evaluateValue({ text: value, at: source.at }, contexts, { work });
  work.spend(1);
  if (value === null || typeof value !== 'object') return ok(value);
  if (Array.isArray(value)) {
    const items: ContextValue[] = [];
    for (const item of value as readonly MatrixValue[]) {
      const evaluated = evaluateNested(item, source, contexts, work);
      if (!evaluated.ok) return evaluated;
      items.push(evaluated.value);
    }
    return ok(items);
  }
  const entries: (readonly [string, ContextValue])[] = [];
  for (const [key, item] of Object.entries(value as { readonly [key: string]: MatrixValue })) {
    const evaluated = evaluateNested(item, source, contexts, work);
    if (!evaluated.ok) return evaluated;
    entries.push([key, evaluated.value]);
  }
  return ok(Object.fromEntries(entries));
}

function refuse(source: MatrixSource, why: string): Result<never, Refusal> {
  return err(refusal('usage', 'workflow/matrix', why, 'correct strategy.matrix', source.at));
}

const MAX_NAME = 100;

/** What GitHub calls a leg whose job has no name of its own: `name (a, b)`. */
export function matrixName(name: string, combination: Combination): string {
  const leaves: string[] = [];
  const collect = (value: ContextValue): void => {
    if (value === null) return;
    if (typeof value !== 'object') leaves.push(String(value));
    else for (const item of Object.values(value)) collect(item);
  };
  collect(combination);
  if (leaves.length === 0) return name;
  const full = `${name} (${leaves.join(', ')})`;
  return full.length > MAX_NAME ? `${full.slice(0, MAX_NAME - 3)}...` : full;
}
