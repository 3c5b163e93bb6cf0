/** An expression as a tree. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: null | boolean | number | string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly of: Expression; readonly key: Expression | '*' }
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'logical'; readonly operator: '&&' | '||'; readonly operands: Expression[] }
  | {
      readonly kind: 'compare';
      readonly operator: Comparison;
      readonly left: Expression;
      readonly right: Expression;
    };

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** How deep a tree is; a chain of `&&` or `||` is one level. */
export function depthOf(expression: Expression): number {
  switch (expression.kind) {
    case 'literal':
    case 'name':
      return 1;
    case 'index':
      return 1 + Math.max(depthOf(expression.of), expression.key === '*' ? 1 : depthOf(expression.key));
    case 'not':
      return 1 + depthOf(expression.of);
    case 'call':
      return 1 + deepest(expression.arguments);
    case 'logical':
      return 1 + deepest(expression.operands);
    default:
      return 1 + Math.max(depthOf(expression.left), depthOf(expression.right));
  }
}

function deepest(expressions: readonly Expression[]): number {
  return expressions.reduce((most, expression) => Math.max(most, depthOf(expression)), 0);
}

/** The names of the functions that an expression calls, in lower case. */
export function calledIn(expression: Expression): ReadonlySet<string> {
  const names = new Set<string>();
  visit(expression, (part) => {
    if (part.kind === 'call') names.add(part.name.toLowerCase());
  });
  return names;
}

/** Whether it names no context, and calls none but these functions. */
export function isWrittenOut(expression: Expression, functions: ReadonlySet<string>): boolean {
  if (expression.kind === 'name') return false;
  if (expression.kind === 'call' && !functions.has(expression.name.toLowerCase())) return false;
  return partsOf(expression).every((part) => isWrittenOut(part, functions));
}

function visit(expression: Expression, see: (part: Expression) => void): void {
  see(expression);
  for (const part of partsOf(expression)) visit(part, see);
}

function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'literal':
    case 'name':
      return [];
    case 'index':
      return expression.key === '*' ? [expression.of] : [expression.of, expression.key];
    case 'not':
      return [expression.of];
    case 'call':
      return expression.arguments;
    case 'logical':
      return expression.operands;
    default:
      return [expression.left, expression.right];
  }
}
