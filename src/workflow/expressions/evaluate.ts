import type { Contexts, ContextValue } from '../model.ts';
import { Budget } from './budget.ts';
import { ExpressionFailure } from './failure.ts';
import { CASE, type ExpressionFunction, FUNCTIONS } from './functions.ts';
import { type Arity, parseExpression, type Vocabulary } from './parse.ts';
import type { Comparison, Expression } from './tree.ts';
import { fold, isArray, isEqual, isObject, isTrue, order, toNumber, toText } from './values.ts';
import type { EvaluationWork } from './work.ts';

/** The result of `*`: indexing it goes to each of its members. */
class Filtered {
  readonly items: readonly ContextValue[];
  constructor(items: readonly ContextValue[]) {
    this.items = items;
  }
}

export type ExtraFunctions = ReadonlyMap<string, ExpressionFunction>;
const NO_FUNCTIONS: ExtraFunctions = new Map();

/** What an expression may name, given these contexts and functions. */
export function vocabularyOf(names: Iterable<string>, extra: ReadonlyMap<string, Arity>): Vocabulary {
  return {
    names: new Set([...names].map((name) => name.toLowerCase())),
    functions: new Map<string, Arity>([...FUNCTIONS, ['case', CASE], ...extra]),
  };
}

/** Parses and evaluates one expression, without `${{ }}`. Throws `ExpressionFailure`; bounded in time and memory. */
export function evaluateExpression(
  source: string,
  contexts: Contexts,
  work: EvaluationWork,
  extra: ExtraFunctions = NO_FUNCTIONS,
): ContextValue {
  const tree = parseWithin(work, source, vocabularyOf(Object.keys(contexts), extra));
  return evaluateTree(tree, contexts, work, extra);
}

/** What it takes to begin with an expression, and to read a character of it, in units of work: measured. */
const BEGIN = 500;
const PER_CHARACTER = 16;

export function parseWithin(work: EvaluationWork, source: string, vocabulary: Vocabulary): Expression {
  work.spend(BEGIN + source.length * PER_CHARACTER);
  return parseExpression(source, vocabulary);
}

export function evaluateTree(
  tree: Expression,
  contexts: Contexts,
  work: EvaluationWork,
  extra: ExtraFunctions = NO_FUNCTIONS,
): ContextValue {
  return new Evaluation(contexts, work, extra).value(tree);
}

class Evaluation {
  readonly #contexts: Contexts;
  readonly #extra: ExtraFunctions;
  readonly #budget: Budget;

  constructor(contexts: Contexts, work: EvaluationWork, extra: ExtraFunctions) {
    this.#contexts = contexts;
    this.#extra = extra;
    this.#budget = new Budget(work);
  }

  value(expression: Expression): ContextValue {
    const value = this.#evaluate(expression);
    return value instanceof Filtered ? value.items : value;
  }

  #evaluate(expression: Expression): ContextValue | Filtered {
    this.#budget.spend(1);
    switch (expression.kind) {
      case 'literal':
        return expression.value;
      case 'name':
        return member(this.#contexts, expression.name, this.#budget) ?? null;
      case 'index':
        return this.#index(expression.of, expression.key);
      case 'not':
        return !isTrue(this.value(expression.of));
      case 'logical':
        return this.#logical(expression.operator, expression.operands);
      case 'compare':
        return this.#compare(expression.operator, expression.left, expression.right);
      default:
        return this.#call(expression.name, expression.arguments);
    }
  }

  #logical(operator: '&&' | '||', operands: readonly Expression[]): ContextValue {
    let value: ContextValue = null;
    for (const operand of operands) {
      value = this.value(operand);
      if (isTrue(value) === (operator === '||')) break;
    }
    return value;
  }

  #compare(operator: Comparison, leftTree: Expression, rightTree: Expression): boolean {
    const [left, right] = [this.value(leftTree), this.value(rightTree)];
    for (const side of [left, right]) {
      if (typeof side === 'string') this.#budget.read(side);
    }
    switch (operator) {
      case '==':
        return isEqual(left, right);
      case '!=':
        return !isEqual(left, right);
      case '<':
        return order(left, right) < 0;
      case '>':
        return order(left, right) > 0;
      case '<=':
        return isEqual(left, right) || order(left, right) < 0;
      default:
        return isEqual(left, right) || order(left, right) > 0;
    }
  }

  #index(ofTree: Expression, keyTree: Expression | '*'): ContextValue | Filtered {
    const of = this.#evaluate(ofTree);
    if (keyTree === '*') {
      const items = of instanceof Filtered ? of.items.flatMap(membersOf) : membersOf(of);
      this.#budget.spend(items.length);
      return new Filtered(items);
    }
    const key = this.value(keyTree);
    if (!(of instanceof Filtered)) return this.#at(of, key) ?? null;
    this.#budget.spend(of.items.length);
    const found = of.items.map((item) => this.#at(item, key)).filter((item) => item !== undefined);
    return new Filtered(found);
  }

  #at(of: ContextValue, key: ContextValue): ContextValue | undefined {
    if (isArray(of)) {
      const index = Math.floor(toNumber(key));
      return index >= 0 && index < of.length ? of[index] : undefined;
    }
    if (!isObject(of) || isArray(key) || isObject(key)) return undefined;
    return member(of, toText(key), this.#budget);
  }

  #call(name: string, trees: readonly Expression[]): ContextValue {
    const lower = name.toLowerCase();
    if (lower === 'case') return this.#case(trees);
    const called = this.#extra.get(lower) ?? FUNCTIONS.get(lower);
    if (called === undefined) throw new ExpressionFailure(`Unrecognized function: '${name}'`);
    const mark = this.#budget.mark();
    const value = called.call(
      trees.map((tree) => this.value(tree)),
      this.#budget,
    );
    if (!isArray(value) && !isObject(value)) this.#budget.release(mark, toText(value).length);
    return value;
  }

  #case(trees: readonly Expression[]): ContextValue {
    const last = trees.length - 1;
    for (let index = 0; index < last; index += 2) {
      const [condition, result] = [trees[index], trees[index + 1]];
      if (condition === undefined || result === undefined) break;
      const holds = this.value(condition);
      if (typeof holds !== 'boolean') {
        throw new ExpressionFailure('case predicate must evaluate to a boolean value');
      }
      if (holds) return this.value(result);
    }
    const otherwise = trees[last];
    return otherwise === undefined ? null : this.value(otherwise);
  }
}

/** A member of its own, whatever the case of its name. Never what an object inherits. */
function member(of: Contexts, name: string, budget: Budget): ContextValue | undefined {
  if (Object.hasOwn(of, name)) return of[name];
  const keys = Object.keys(of);
  budget.spend(keys.length * 8);
  const wanted = fold(name);
  const found = keys.find((key) => key.length === name.length && fold(key) === wanted);
  return found === undefined ? undefined : of[found];
}

function membersOf(value: ContextValue): readonly ContextValue[] {
  if (isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}
