import { type Expression, writtenOutcome } from '../../workflow/index.ts';

/** What an expression comes to, whatever happens; undefined when that depends. `events`: all that can start the file. */
export function constantOf(tree: Expression, events?: ReadonlySet<string>): boolean | undefined {
  const written = writtenOutcome(tree);
  if (written !== undefined) return written;
  switch (tree.kind) {
    case 'not': {
      const of = constantOf(tree.of, events);
      return of === undefined ? undefined : !of;
    }
    case 'logical': {
      const parts = tree.operands.map((one) => constantOf(one, events));
      // One that is false decides a conjunction, whatever the others are.
      const decides = tree.operator === '||';
      if (parts.includes(decides)) return decides;
      return parts.includes(undefined) ? undefined : !decides;
    }
    case 'compare':
      return comparison(tree, events);
    case 'call':
      return tree.name.toLowerCase() === 'always' ? true : undefined;
    default:
      return undefined;
  }
}

function comparison(
  { operator, left, right }: Extract<Expression, { readonly kind: 'compare' }>,
  events: ReadonlySet<string> | undefined,
): boolean | undefined {
  if (operator !== '==' && operator !== '!=') return undefined;
  const event = isEventName(left) ? right : isEventName(right) ? left : undefined;
  if (events === undefined || event?.kind !== 'literal' || typeof event.value !== 'string') return undefined;
  return events.has(event.value.toLowerCase()) ? undefined : operator === '!=';
}

function isEventName(tree: Expression): boolean {
  return (
    tree.kind === 'index' &&
    tree.of.kind === 'name' &&
    tree.of.name.toLowerCase() === 'github' &&
    tree.key !== '*' &&
    tree.key.kind === 'literal' &&
    String(tree.key.value).toLowerCase() === 'event_name'
  );
}
