import type { Found } from '../../finding.ts';
import { spanOf, textOf, valueOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'anonymous-definition',
  title: 'A workflow, a job or an action has no name',
  severity: 'info',
  confidence: 'high',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§7'],
  alsoKnownAs: ['zizmor/anonymous-definition'],
  check,
};

function* check({ repository }: Subject): Iterable<Found> {
  for (const { source, name, tree, jobs } of repository.workflows) {
    if (name === undefined && tree.kind === 'mapping')
      yield { at: spanOf(source, tree.at), message: 'the workflow has no name', fix: 'add name' };
    // A call is told by the names of what it calls.
    for (const job of jobs)
      if (job.name === undefined && job.uses === undefined)
        yield { at: job.at, job: job.id, message: `the job ${job.id} has no name`, fix: 'add name' };
  }
  for (const { source, tree } of repository.actions)
    if (tree.kind === 'mapping' && textOf(valueOf(tree, 'name'))?.text.trim() === undefined)
      yield { at: spanOf(source, tree.at), message: 'the action has no name', fix: 'add name' };
}
