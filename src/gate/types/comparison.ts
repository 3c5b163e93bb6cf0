import type { Expression } from '../../workflow/index.ts';
import type { TypeProblem } from './problem.ts';
import { said, type Type } from './type.ts';
import { written } from './written.ts';

type Compare = Extract<Expression, { readonly kind: 'compare' }>;

/**
 * What is wrong with a comparison: one whose outcome is always the same, by how GitHub makes both sides a number (a text that
 * is none, a list and a mapping are NaN, which equals nothing).
 */
export function compared(
  part: Compare,
  left: Type,
  right: Type,
  report: (problem: TypeProblem) => void,
): void {
  const { operator } = part;
  const outcome = operator === '!=' ? 'true' : 'false';
  const pieces = [...written(part.left), ...written(part.right)];
  const wrong = (why: string, fix: string, unsure = false): void => {
    report({ kind: 'type', why, fix, pieces, ...(unsure && { unsure: true as const }) });
  };
  if (operator !== '==' && operator !== '!=') {
    const odd = [left, right].find(({ kind }) => ['bool', 'null', 'object', 'array'].includes(kind));
    if (odd !== undefined)
      wrong(`${said(odd)} is neither greater nor less than another`, 'compare numbers or texts');
    return;
  }
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const)
    if ((one.kind === 'object' || one.kind === 'array') && isScalar(other)) {
      wrong(
        `${said(one)} is compared with ${said(other)}: the outcome is ${outcome}, always`,
        'compare a property of it, or use contains() for a list',
      );
      return;
    }
  const sides = [
    [left, right, part.right, part.left],
    [right, left, part.left, part.right],
  ] as const;
  for (const [one, other, otherPart, onePart] of sides) {
    if (other.kind !== 'string') continue;
    const text =
      otherPart.kind === 'literal' && typeof otherPart.value === 'string' ? otherPart.value : undefined;
    if (one.kind === 'bool' && text !== undefined && notANumber(text)) {
      wrong(
        `a truth value is compared with the text ${JSON.stringify(text.slice(0, 60))}: the outcome is ${outcome}, always`,
        text === 'true' || text === 'false'
          ? `compare with ${text} without quotes`
          : 'compare with true or false',
      );
      return;
    }
    if (one.kind === 'number' && text !== undefined && notANumber(text)) {
      wrong(
        `a number is compared with the text ${JSON.stringify(text.slice(0, 60))}: the outcome is ${outcome}, always`,
        'compare with a number',
      );
      return;
    }
    if (onePart.kind === 'literal' && typeof onePart.value === 'boolean' && text === undefined) {
      wrong(
        `a text is compared with ${String(onePart.value)}, and 'true' and 'false' are no numbers: the outcome is ${outcome}`,
        `compare with '${String(onePart.value)}'`,
        true,
      );
      return;
    }
  }
}

function isScalar({ kind }: Type): boolean {
  return kind === 'string' || kind === 'number' || kind === 'bool';
}

function notANumber(text: string): boolean {
  return text.trim() !== '' && Number.isNaN(Number(text));
}
