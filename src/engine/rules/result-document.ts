import type { ResultInput } from '../../custom-rules/index.ts';
import type { Cell } from '../cell/open-cell.ts';

const MAX_HOSTS = 1_000;

/** What a document says of what came of a job. */
export function resultDocument(
  conclusion: string,
  { counts }: Pick<Cell, 'counts'>,
  startedAt: number,
): ResultInput {
  return {
    conclusion,
    denied: counts.denied,
    hosts: [...counts.hosts].slice(0, MAX_HOSTS),
    gaps: counts.gaps,
    durationMs: Date.now() - startedAt,
  };
}
