import type { Found } from '../../finding.ts';
import { entryOf, spanOf, valueOf } from '../../repository/tree.ts';
import type { JobPart } from '../../repository/model.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import type { Tree } from '../../../workflow/index.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'concurrency-limits',
  title: 'Runs of one workflow pile up',
  severity: 'low',
  confidence: 'high',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§5 checklist'],
  alsoKnownAs: ['zizmor/concurrency-limits'],
  check,
  mend,
};

function* check({ repository }: Subject): Iterable<Found> {
  for (const { source, tree, triggers, jobs } of repository.workflows) {
    // One that is only called runs in the run of its caller.
    if (!triggers.some(({ event }) => event !== 'workflow_call')) continue;
    const own = entryOf(tree, 'concurrency');
    if (own !== undefined) {
      if (!decides(own.value))
        yield {
          at: spanOf(source, own.keyAt, own.key.length),
          message: 'a run that is overtaken goes on: concurrency does not say cancel-in-progress',
          fix: 'add cancel-in-progress: true, or false where a run must end',
        };
      continue;
    }
    // What a call runs may have its own.
    if (!jobs.some((job) => job.uses === undefined && !decidesOwn(job))) continue;
    const on = entryOf(tree, 'on');
    yield {
      at: on === undefined ? spanOf(source, tree.at) : spanOf(source, on.keyAt, on.key.length),
      message: 'nothing bounds how many runs of the workflow there are at one time',
      fix: 'add concurrency with a group and cancel-in-progress',
    };
  }
}

function decides(concurrency: Tree): boolean {
  return concurrency.kind === 'mapping' && valueOf(concurrency, 'cancel-in-progress') !== undefined;
}

/** A job that says so much as its group has been thought of; whether what is overtaken ends, must be said as well. */
function decidesOwn({ tree }: JobPart): boolean {
  const own = valueOf(tree, 'concurrency');
  return own !== undefined && decides(own);
}
