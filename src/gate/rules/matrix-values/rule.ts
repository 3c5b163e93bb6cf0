import type { Found } from '../../finding.ts';
import { itemsOf, spanOf, textsIn } from '../../repository/tree.ts';
import type { Source } from '../../repository/model.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import type { Tree } from '../../../workflow/index.ts';

export const rule: Rule = {
  id: 'matrix-values',
  title: 'A matrix runs the same twice, or excludes what is not in it',
  severity: 'low',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§7'],
  alsoKnownAs: ['actionlint/matrix'],
  check,
};

/** GitHub runs no more than 256 of one job. */
const MAX_VALUES = 256;
const MAX_EXCLUDES = 1_000;

function* check({ repository }: Subject): Iterable<Found> {
  for (const { source, jobs } of repository.workflows)
    for (const { id, matrix } of jobs) {
      if (matrix?.kind !== 'mapping') continue;
      const vectors = matrix.entries.filter(({ key }) => key !== 'include' && key !== 'exclude');
      for (const { key, value } of vectors)
        for (const found of repeated(source, key, itemsOf(value))) yield { ...found, job: id };
      // That there is nothing to exclude from is said once.
      if (matrix.entries.every(({ key }) => key === 'exclude')) continue;
      const excluded = matrix.entries.find(({ key }) => key === 'exclude')?.value;
      const names = new Map(vectors.map(({ key, value }) => [key.toLowerCase(), value]));
      for (const item of itemsOf(excluded).slice(0, MAX_EXCLUDES))
        if (item.kind === 'mapping')
          for (const { key, keyAt, value } of item.entries) {
            const vector = names.get(key.toLowerCase());
            if (vector === undefined)
              yield {
                at: spanOf(source, keyAt, key.length),
                job: id,
                severity: 'medium',
                message: `exclude names ${key}, which the matrix has not: GitHub refuses it`,
                fix: `use one of ${[...names.keys()].slice(0, 12).join(', ')}`,
              };
            else if (isPlain(value) && isMissing(vector, value))
              yield {
                at: spanOf(source, value.at, textsIn(value)[0]?.text.length ?? 1),
                job: id,
                message: `exclude names a value that ${key} has not: it excludes nothing`,
                fix: 'correct the value, or remove the entry',
              };
          }
    }
}

function* repeated(source: Source, key: string, items: readonly Tree[]): Iterable<Found> {
  const seen = new Map<string, number>();
  for (const item of items.slice(0, MAX_VALUES)) {
    if (!isPlain(item)) continue;
    const text = plain(item);
    const before = seen.get(text);
    if (before !== undefined)
      yield {
        at: spanOf(source, item.at, item.kind === 'scalar' ? item.text.length : 1),
        message: `the value is there twice in ${key} of the matrix, also in line ${before}: the same runs twice`,
        fix: 'remove one',
      };
    seen.set(text, item.at.line ?? 0);
  }
}

function isPlain(tree: Tree): boolean {
  return !textsIn(tree).some(({ text }) => text.includes('${{'));
}

function plain(tree: Tree): string {
  if (tree.kind === 'scalar') return JSON.stringify(tree.value);
  if (tree.kind === 'sequence') return `[${tree.items.map(plain).join(',')}]`;
  return `{${tree.entries
    .map(({ key, value }) => `${JSON.stringify(key)}:${plain(value)}`)
    .toSorted()
    .join(',')}}`;
}

/** Whether a value is none of a vector's. Of a mapping a part is enough, and texts are compared whatever their case. */
function isMissing(vector: Tree, value: Tree): boolean {
  if (vector.kind !== 'sequence' || vector.items.length > MAX_VALUES) return false;
  return vector.items.every((item) => isPlain(item) && !matches(item, value));
}

function matches(item: Tree, value: Tree): boolean {
  if (value.kind === 'scalar')
    return item.kind === 'scalar' && item.text.toLowerCase() === value.text.toLowerCase();
  if (value.kind === 'sequence') return plain(item) === plain(value);
  return (
    item.kind === 'mapping' &&
    value.entries.every(({ key, value: part }) =>
      item.entries.some((entry) => entry.key === key && matches(entry.value, part)),
    )
  );
}
