import { expressionsIn } from '../../../workflow/index.ts';
import { entriesOf, itemsOf, textOf, valueOf } from '../../repository/tree.ts';
import type { Scope, Subject } from '../../subject.ts';

const MAX_CANDIDATES = 256;

/** What a text with expressions can be, where each of them is a value that the job’s matrix writes out; undefined where one is not. */
export function imageCandidates(subject: Subject, scope: Scope, text: string): readonly string[] | undefined {
  let made: readonly string[] = [text];
  for (const source of expressionsIn(text)) {
    const values = matrixValues(subject, scope, source);
    if (values === undefined || values.length * made.length > MAX_CANDIDATES) return undefined;
    made = made.flatMap((one) => values.map((value) => replaced(one, value)));
  }
  return made;
}

/** The first expression that is left, by its value: expressions are taken in order. */
function replaced(text: string, value: string): string {
  const start = text.indexOf('${{');
  const end = text.indexOf('}}', start);
  return start === -1 || end === -1 ? text : text.slice(0, start) + value + text.slice(end + 2);
}

function matrixValues(subject: Subject, { job }: Scope, source: string): readonly string[] | undefined {
  const tree = subject.tree(source);
  const path: string[] = [];
  let at = tree;
  while (at?.kind === 'index') {
    if (at.key === '*' || at.key.kind !== 'literal') return undefined;
    path.unshift(String(at.key.value).toLowerCase());
    at = at.of;
  }
  if (at?.kind !== 'name' || at.name.toLowerCase() !== 'matrix' || job?.matrix?.kind !== 'mapping')
    return undefined;
  const [first, ...rest] = path;
  if (first === undefined) return undefined;
  const { matrix } = job;
  // A matrix, or a list in it, that is computed may hold anything.
  if (entriesOf(matrix).some(({ value }) => value.kind === 'scalar')) return undefined;
  const own = entriesOf(matrix).find(
    ({ key }) => key.toLowerCase() === first && key !== 'include' && key !== 'exclude',
  );
  const included = itemsOf(valueOf(matrix, 'include')).flatMap((item) =>
    entriesOf(item)
      .filter(({ key }) => key.toLowerCase() === first)
      .map(({ value }) => value),
  );
  const values = [...itemsOf(own?.value), ...included].map((item) =>
    rest.reduce<typeof item | undefined>(
      (below, key) => entriesOf(below).find((entry) => entry.key.toLowerCase() === key)?.value,
      item,
    ),
  );
  const texts = values.map((value) => (value === undefined ? '' : textOf(value)?.text));
  return texts.every((one) => one !== undefined && !one.includes('${{'))
    ? texts.flatMap((one) => one ?? [])
    : undefined;
}
