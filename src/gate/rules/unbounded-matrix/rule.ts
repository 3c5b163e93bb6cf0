import { expressionsIn, type Tree } from '../../../workflow/index.ts';
import type { Found } from '../../finding.ts';
import type { JobPart, WorkflowFile } from '../../repository/model.ts';
import { expressionSpan, textsIn, valueOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { type Taints, taintsOf } from '../../taint/taint.ts';
import { worst } from '../../taint/value.ts';

export const rule: Rule = {
  id: 'unbounded-matrix',
  title: 'Somebody else decides how many jobs there are',
  severity: 'low',
  confidence: 'medium',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§5'],
  alsoKnownAs: [],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  const taints = taintsOf(subject);
  for (const file of subject.repository.workflows)
    for (const job of file.jobs) yield* judged(taints, file, job);
}

function* judged(taints: Taints, file: WorkflowFile, job: JobPart): Iterable<Found> {
  const { matrix } = job;
  if (matrix === undefined || valueOf(valueOf(job.tree, 'strategy'), 'max-parallel') !== undefined) return;
  for (const tree of lists(matrix))
    for (const text of textsIn(tree)) {
      const [source] = expressionsIn(text.text);
      if (source === undefined || /^fromJSON\(\s*'[^']*'\s*\)$/i.test(source)) continue;
      const taint = worst(taints.of(text, { file, job }));
      const strange = taint?.by === 'stranger';
      const at = expressionSpan(file.source, text, 0);
      yield {
        at,
        job: job.id,
        message: `the matrix is made of ${'${{'} ${source.slice(0, 80)} }}${strange ? ', which a stranger decides' : ''}: up to 256 jobs run at one time`,
        fix: 'add max-parallel, or write the values',
        ...(strange && {
          severity: 'medium',
          persona: 'default',
          events: taint.events,
          flow: [...taint.hops, { at, what: 'decides how many jobs there are' }],
        }),
      };
      return;
    }
}

/** Where a list of any length can come from: the whole, or one vector. */
function lists(matrix: Tree): readonly Tree[] {
  if (matrix.kind === 'scalar') return [matrix];
  return matrix.kind === 'mapping'
    ? matrix.entries.map(({ value }) => value).filter(({ kind }) => kind === 'scalar')
    : [];
}
