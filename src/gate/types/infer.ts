import type { Expression } from '../../workflow/index.ts';
import { ANY, BOOL, NULL, NUMBER, said, STRING, type Type, union, unionOf } from './type.ts';
import { compared } from './comparison.ts';
import { callType } from './functions.ts';
import { nearest } from '../syntax/nearest.ts';
import type { TypeProblem } from './problem.ts';
import { pathOf, written } from './written.ts';

/** Types of contexts where the expression stands; one that is not given may be anything. */
export interface Contexts {
  get(name: string): Type | undefined;
}

/** The type of an expression, with what is wrong in it. Bounded as its tree is. */
export function inferType(
  tree: Expression,
  contexts: Contexts,
  report: (problem: TypeProblem) => void,
): Type {
  const infer = (part: Expression): Type => {
    switch (part.kind) {
      case 'literal':
        return literalType(part.value);
      case 'name':
        return contexts.get(part.name.toLowerCase()) ?? ANY;
      case 'index':
        return indexed(part, infer, report);
      case 'not':
        infer(part.of);
        return BOOL;
      case 'compare': {
        const [left, right] = [infer(part.left), infer(part.right)];
        compared(part, left, right, report);
        return BOOL;
      }
      case 'logical':
        return logicalType(part, part.operands.map(infer));
      case 'call':
        return callType(part, part.arguments.map(infer), report);
    }
  };
  return infer(tree);
}

/** What one side of `||` gives is true: of `a && b` that is `b`. */
function logicalType({ operator, operands }: Logical, types: readonly Type[]): Type {
  if (operator === '&&') return types.reduce((all, one) => union(all, one));
  return unionOf(
    types.map((type, index) => {
      const operand = operands[index];
      const last =
        operand?.kind === 'logical' && operand.operator === '&&' ? operand.operands.at(-1) : undefined;
      return index === types.length - 1 || last?.kind !== 'literal' ? type : literalType(last.value);
    }),
  );
}

function literalType(value: null | boolean | number | string): Type {
  if (value === null) return NULL;
  if (typeof value === 'boolean') return BOOL;
  return typeof value === 'number' ? NUMBER : STRING;
}

type Logical = Extract<Expression, { readonly kind: 'logical' }>;
type Index = Extract<Expression, { readonly kind: 'index' }>;
type Infer = (part: Expression) => Type;
type Report = (problem: TypeProblem) => void;

function indexed(part: Index, infer: Infer, report: Report): Type {
  const of = infer(part.of);
  if (part.key === '*') return membersOf(part, of, report);
  const { key } = part;
  if (key.kind === 'literal' && typeof key.value === 'string') return property(part, of, key.value, report);
  const by = infer(key);
  if (of.kind === 'object') {
    if (by.kind === 'number' || by.kind === 'bool')
      report({
        kind: 'type',
        why: `a mapping is looked up by text, and here by ${said(by)}`,
        fix: 'use the name of a property',
        pieces: written(part),
      });
    return of.rest ?? ANY;
  }
  if (of.kind === 'array') {
    if (by.kind === 'string' || by.kind === 'bool')
      report({
        kind: 'type',
        why: `a list is looked up by a number, and here by ${said(by)}`,
        fix: 'use the number of a member, from 0',
        pieces: written(part),
      });
    return of.of;
  }
  return notAnObject(part, of, 'a member', report);
}

function membersOf(part: Index, of: Type, report: Report): Type {
  if (of.kind === 'any') return { kind: 'array', of: ANY, filtered: true };
  if (of.kind === 'array') return { kind: 'array', of: of.of, filtered: true };
  if (of.kind === 'object' && of.known.size === 0 && of.rest === undefined)
    report({
      kind: 'reference',
      why: `there is nothing in ${pathOf(part.of).join('.') || 'this'}, so it has no members`,
      fix: pathOf(part.of).join('.') === 'needs' ? 'give the job its needs' : 'name what has members',
      pieces: [`${pathOf(part.of).join('.')}.*`, ...written(part.of)],
    });
  if (of.kind === 'object')
    return { kind: 'array', of: of.rest ?? unionOf(of.known.values()), filtered: true };
  return notAnObject(part, of, 'members', report);
}

/** To find the name that may be meant takes time. */
const MAX_COMPARED = 300;

function property(part: Index, of: Type, name: string, report: Report): Type {
  if (of.kind === 'any') return ANY;
  if (of.kind === 'object') {
    const found = of.known.get(name.toLowerCase()) ?? of.rest;
    if (part.of.kind === 'name') reserved(part, part.of.name, name, report);
    const isAsked = !of.known.has(name.toLowerCase()) && (found === undefined || of.guessed === true);
    const near = isAsked && of.known.size <= MAX_COMPARED ? nearest(name, [...of.known.keys()]) : undefined;
    if (found !== undefined && near === undefined) return found;
    const there = [...of.known.keys()].slice(0, 10).join(', ') || 'nothing';
    report({
      kind: 'reference',
      why: `${pathOf(part).join('.')} does not exist here: it is empty, always (there is ${there})`,
      fix: near === undefined ? 'correct the name, or define it' : `did you mean ${near}?`,
      pieces: written(part),
      path: pathOf(part).map((one) => one.toLowerCase()),
    });
    return ANY;
  }
  if (of.kind === 'array') {
    if (of.filtered === true) {
      if (['string', 'number', 'bool'].includes(of.of.kind))
        report({
          kind: 'type',
          why: `each member of ${pathOf(part.of).join('.') || 'this'} is ${said(of.of)}, which has no property ${name}: the list is empty, always`,
          fix: 'leave the property out, or name a value that has it',
          pieces: written(part),
        });
      const inner =
        of.of.kind === 'object' ? (of.of.known.get(name.toLowerCase()) ?? of.of.rest ?? ANY) : ANY;
      return { kind: 'array', of: inner, filtered: true };
    }
    report({
      kind: 'type',
      why: `a list has no property ${name}: it is empty, always`,
      fix: `use [0].${name}, or .*.${name} for each member`,
      pieces: written(part),
    });
    return ANY;
  }
  return notAnObject(part, of, `a property ${name}`, report);
}

/** No variable of a repository can have such a name, so there is none. Source: GitHub's reference of variables, read 2026-11. */
function reserved(part: Index, context: string, name: string, report: Report): void {
  if (context.toLowerCase() !== 'vars' || (!/^github_/i.test(name) && /^[a-z_]\w*$/i.test(name))) return;
  report({
    kind: 'reference',
    why: `${pathOf(part).join('.')} does not exist: a variable has only letters, digits and _ in its name, begins with no digit and not with GITHUB_`,
    fix: /^github_/i.test(name)
      ? `use github.${name.slice(7).toLowerCase()} or secrets.${name}`
      : 'correct the name',
    pieces: written(part),
    path: pathOf(part).map((one) => one.toLowerCase()),
  });
}

function notAnObject(part: Index, of: Type, what: string, report: Report): Type {
  if (of.kind !== 'any')
    report({
      kind: 'type',
      why: `${pathOf(part.of).join('.') || 'this'} is ${said(of)}, which has not ${what}: it is empty, always`,
      fix: 'name a value that has it',
      pieces: written(part),
    });
  return ANY;
}
