import type { Expression } from '../../workflow/index.ts';
import type { TypeProblem } from './problem.ts';
import { written } from './written.ts';
import { ANY, BOOL, said, STRING, type Type, typeOfValue, unionOf } from './type.ts';

type Call = Extract<Expression, { readonly kind: 'call' }>;
type Report = (problem: TypeProblem) => void;

/** What a function takes, by place; the last holds for all that follow. */
type Wanted = 'text' | 'a plain value' | 'list or text' | 'truth value' | 'anything';

const TAKES: Readonly<Record<string, readonly Wanted[]>> = {
  contains: ['list or text', 'text'],
  startswith: ['text'],
  endswith: ['text'],
  format: ['text', 'a plain value'],
  join: ['list or text', 'text'],
  fromjson: ['text'],
  hashfiles: ['text'],
};
const GIVES: Readonly<Record<string, Type>> = {
  contains: BOOL,
  startswith: BOOL,
  endswith: BOOL,
  success: BOOL,
  failure: BOOL,
  cancelled: BOOL,
  always: BOOL,
  format: STRING,
  join: STRING,
  tojson: STRING,
  hashfiles: STRING,
};

/** What a call gives; what of its arguments cannot be meant is reported. How many there must be is known to the parser. */
export function callType(call: Call, given: readonly Type[], report: Report): Type {
  const name = call.name.toLowerCase();
  const takes = Object.hasOwn(TAKES, name) ? (TAKES[name] ?? []) : [];
  const wrong = (why: string, fix: string): void => {
    report({ kind: 'type', why, fix, pieces: [call.name] });
  };
  for (const [index, type] of given.entries()) {
    const wanted =
      name === 'contains' && index === 1 && given[0]?.kind !== 'string'
        ? 'anything'
        : (takes[Math.min(index, takes.length - 1)] ?? 'anything');
    if (!fits(type, wanted))
      report({
        kind: 'type',
        why: `argument ${index + 1} of ${call.name} must be ${wanted}, and is ${said(type)}`,
        fix:
          type.kind === 'array' || type.kind === 'object'
            ? 'use toJSON(), or name a property'
            : type.kind === 'bool'
              ? 'close the parenthesis before the comparison'
              : 'give it that',
        pieces: [...pieceOf(call.arguments[index]), call.name],
      });
  }
  if (STATUS.has(name) && given.length > 0) wrong(`${call.name} takes no argument`, `write ${call.name}()`);
  if (name === 'format' && given.length === 1)
    wrong('format is given a text and nothing to put into it', 'write the text itself, or give a value');
  if (name === 'format') formatted(call, wrong);
  if (name === 'fromjson') return parsed(call, report);
  if (name === 'case') return cases(given, wrong);
  return Object.hasOwn(GIVES, name) ? (GIVES[name] ?? ANY) : ANY;
}

const STATUS = new Set(['success', 'failure', 'cancelled', 'always']);

function fits({ kind }: Type, wanted: Wanted): boolean {
  if (kind === 'any' || wanted === 'anything') return true;
  if (wanted === 'truth value') return kind === 'bool';
  if (kind === 'array') return wanted === 'list or text';
  if (wanted === 'a plain value') return kind !== 'object';
  // GitHub makes text of a truth value, which nobody looks for in one: a parenthesis stands in the wrong place.
  return kind === 'string' || kind === 'number';
}

/** How an argument may be written. */
function pieceOf(part: Expression | undefined): readonly string[] {
  if (part === undefined) return [];
  if (part.kind === 'literal' && typeof part.value === 'string') return [`'${part.value}'`];
  if (part.kind === 'call') return [`${part.name}(`];
  return part.kind === 'literal' ? [] : written(part.kind === 'compare' ? part.left : part);
}

function textOf(part: Expression | undefined): string | undefined {
  return part?.kind === 'literal' && typeof part.value === 'string' ? part.value : undefined;
}

function formatted(call: Call, wrong: (why: string, fix: string) => void): void {
  const text = textOf(call.arguments[0]);
  if (text === undefined) return;
  const places = new Set<number>();
  for (const [whole, number] of text.replaceAll(/\{\{|\}\}/g, '').matchAll(/\{(\d{1,4})\}|[{}]/g)) {
    if (number === undefined) {
      wrong(`the format has a ${whole} that belongs to no place`, 'write {{ or }} for the sign itself');
      return;
    }
    places.add(Number(number));
  }
  const count = call.arguments.length - 1;
  for (const place of places)
    if (place >= count)
      wrong(
        `the format names {${place}}, and there are ${count} arguments`,
        'give the argument, or correct the number',
      );
  for (let place = 0; place < count; place += 1)
    if (!places.has(place))
      wrong(
        `the format has no {${place}}, so an argument is left out`,
        'name it in the format, or remove the argument',
      );
}

function parsed(call: Call, report: Report): Type {
  const text = textOf(call.arguments[0]);
  if (text === undefined) return ANY;
  try {
    return typeOfValue(JSON.parse(text));
  } catch (error) {
    const why = error instanceof Error ? error.message.slice(0, 120) : '';
    report({
      kind: 'type',
      why: `the text given to fromJSON is no JSON: ${why}`,
      fix: 'correct the JSON',
      pieces: [...pieceOf(call.arguments[0]), call.name],
    });
    return ANY;
  }
}

function cases(given: readonly Type[], wrong: (why: string, fix: string) => void): Type {
  const results: Type[] = [];
  for (const [index, type] of given.entries()) {
    const isResult = index % 2 === 1 || index === given.length - 1;
    if (isResult) results.push(type);
    else if (!fits(type, 'truth value'))
      wrong(
        `argument ${index + 1} of case must be a truth value, and is ${said(type)}`,
        'compare it with something',
      );
  }
  return unionOf(results);
}
