import { err, ok, type Refusal, type Result } from '../base/index.ts';
import type { CustomRule } from '../config/index.ts';
import { NO_FINDING, NO_STEP, NOTHING, type RuleInput } from './input.ts';
import { rulebook } from './rulebook.ts';
import { TYPES, typeOf, VARIABLES } from './shape.ts';

/** One expected answer: a document as far as it matters, and the rules that must deny it, and no others. */
export interface RuleTest {
  readonly name: string;
  readonly input: unknown;
  readonly denies: readonly string[];
}

export interface RuleTestResult {
  readonly name: string;
  /** Absent: it is as expected. */
  readonly wrong?: string;
}

/**
 * Asks rules about the documents of tests. A field that is not in a document is as where nothing is known; one that there is not is
 * an error of the test, never passed over. Rules that no test expects to deny are told, as nothing shows that they ever do.
 */
export function runRuleTests(
  rules: readonly CustomRule[],
  tests: readonly RuleTest[],
): Result<
  { readonly results: readonly RuleTestResult[]; readonly neverDenied: readonly string[] },
  readonly Refusal[]
> {
  const book = rulebook(rules);
  if (!book.ok) return err(book.error);
  const results = tests.map(({ name, input, denies }): RuleTestResult => {
    const document = filled(input, VARIABLES, NOTHING, '');
    if (!document.ok) return { name, wrong: document.error };
    const unknown = denies.find((id) => !rules.some((rule) => rule.id === id));
    if (unknown !== undefined) return { name, wrong: `there is no rule ${unknown}` };
    const found = book.value.denials(document.value as RuleInput);
    const failed = found.find((one) => one.failed !== undefined);
    if (failed !== undefined)
      return { name, wrong: `${failed.rule.id} could not be decided: ${failed.failed}` };
    const ids = found.map(({ rule }) => rule.id).toSorted();
    const wanted = [...denies].toSorted();
    return ids.join() === wanted.join()
      ? { name }
      : { name, wrong: `denied by ${ids.join(', ') || 'none'}, expected ${wanted.join(', ') || 'none'}` };
  });
  const denied = new Set(tests.flatMap(({ denies }) => denies));
  return ok({ results, neverDenied: rules.map(({ id }) => id).filter((id) => !denied.has(id)) });
}

type Fields = typeof VARIABLES;

/** A part of a document, with what it leaves out. */
function filled(given: unknown, fields: Fields, nothing: object, at: string): Result<object, string> {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return err(`${at || 'input'} must be a mapping`);
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
  if (unknown !== undefined) return err(`there is no field ${at}${unknown}`);
  const made: Record<string, unknown> = { ...nothing };
  for (const [name, value] of Object.entries(given)) {
    const [type] = fields[name] ?? ['string'];
    const part = valueOf(value, type, Object.getOwnPropertyDescriptor(nothing, name)?.value, `${at}${name}`);
    if (!part.ok) return part;
    made[name] = part.value;
  }
  return ok(made);
}

function valueOf(
  value: unknown,
  type: Fields[string][0],
  nothing: unknown,
  at: string,
): Result<unknown, string> {
  const inner = typeOf(type);
  if (inner !== undefined && !type.startsWith('list'))
    return filled(value, TYPES[inner], nothing as object, `${at}.`);
  if (inner !== undefined) {
    if (!Array.isArray(value)) return err(`${at} must be a list`);
    const items: object[] = [];
    for (const [index, one] of value.entries()) {
      const item = filled(one, TYPES[inner], inner === 'Step' ? NO_STEP : NO_FINDING, `${at}[${index}].`);
      if (!item.ok) return item;
      items.push(item.value);
    }
    return ok(items);
  }
  const fits =
    type === 'list<string>'
      ? Array.isArray(value) && value.every((one) => typeof one === 'string')
      : type === 'map<string, string>'
        ? typeof value === 'object' &&
          value !== null &&
          Object.values(value).every((one) => typeof one === 'string')
        : type === 'int'
          ? Number.isSafeInteger(value)
          : typeof value === (type === 'bool' ? 'boolean' : 'string');
  return fits ? ok(value) : err(`${at} must be ${type}`);
}
