import type { Expression } from '../../workflow/index.ts';

/** A path into the contexts, `['github', 'event', 'issue', 'title']`, in lower case; `*` stands for what is computed. */
export type Reference = readonly string[];

/** Their result is a truth value or a number, whatever they are given. */
const WITHOUT_TEXT = new Set(
  'contains startswith endswith success failure cancelled always hashfiles'.split(' '),
);

/** Forgejo and Gitea call what they took over from GitHub by their own name as well. */
function contextOf(name: string): string {
  const lower = name.toLowerCase();
  return lower === 'forgejo' || lower === 'gitea' ? 'github' : lower;
}

function pathOf(expression: Expression): Reference | undefined {
  if (expression.kind === 'name') return [contextOf(expression.name)];
  if (expression.kind !== 'index') return undefined;
  const before = pathOf(expression.of);
  if (before === undefined) return undefined;
  const { key } = expression;
  const part = key !== '*' && key.kind === 'literal' ? String(key.value).toLowerCase() : '*';
  return [...before, part];
}

/** What the value of an expression may be made of. A comparison gives nothing of its sides; of `a && b` only `b` is text. */
export function valueReferences(expression: Expression): readonly Reference[] {
  switch (expression.kind) {
    case 'literal':
    case 'not':
    case 'compare':
      return [];
    case 'name':
      return [[contextOf(expression.name)]];
    case 'index': {
      const path = pathOf(expression);
      return path === undefined ? valueReferences(expression.of).map((one) => [...one, '*']) : [path];
    }
    case 'call':
      if (WITHOUT_TEXT.has(expression.name.toLowerCase())) return [];
      return expression.arguments.flatMap((one) => valueReferences(one));
    case 'logical': {
      // A value of `a && b` that is `a` is one that counts as false: the empty text.
      const parts = expression.operator === '&&' ? expression.operands.slice(-1) : expression.operands;
      return parts.flatMap((one) => valueReferences(one));
    }
  }
}

const NAMED = new WeakMap<Expression, readonly Reference[]>();

/** Everything that an expression names, also to compare it. Kept, as many ask the same. */
export function allReferences(expression: Expression): readonly Reference[] {
  const known = NAMED.get(expression);
  if (known !== undefined) return known;
  const found = namedIn(expression);
  NAMED.set(expression, found);
  return found;
}

function namedIn(expression: Expression): readonly Reference[] {
  const path = pathOf(expression);
  const own = path === undefined ? [] : [path];
  switch (expression.kind) {
    case 'literal':
    case 'name':
      return own;
    case 'index':
      return [
        ...own,
        ...(path === undefined ? namedIn(expression.of) : []),
        ...(expression.key === '*' ? [] : namedIn(expression.key)),
      ];
    case 'not':
      return namedIn(expression.of);
    case 'call':
      return expression.arguments.flatMap((one) => namedIn(one));
    case 'logical':
      return expression.operands.flatMap((one) => namedIn(one));
    case 'compare':
      return [...namedIn(expression.left), ...namedIn(expression.right)];
  }
}
