import { err, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { Tree } from '../../workflow/index.ts';
import type { Source } from '../repository/model.ts';
import { spanOf } from '../repository/tree.ts';

/** A lock that says something that it may not, at this place: nothing of it counts. */
export function unreliable(source: Source, tree: Tree, why: string): Result<never, Refusal> {
  const { line, column } = spanOf(source, tree.at);
  return err(
    refusal(
      'policy',
      'lock/unreadable',
      `${source.path} cannot be relied on: ${why}`,
      'write it anew: cofferdam lock',
      {
        file: source.path,
        line,
        column,
      },
    ),
  );
}
