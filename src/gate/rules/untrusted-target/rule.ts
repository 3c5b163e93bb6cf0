import type { Text } from '../../../workflow/index.ts';
import type { Found, Severity } from '../../finding.ts';
import type { JobPart, WorkflowFile } from '../../repository/model.ts';
import { entriesOf, spanOf, textOf, textsIn, valueOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Scope, Subject } from '../../subject.ts';
import { taintsOf } from '../../taint/taint.ts';
import { isPrivileged } from '../../taint/value.ts';
import { inputOf } from '../../taint/workspace.ts';

export const rule: Rule = {
  id: 'untrusted-target',
  title: 'A stranger chooses the runner, the image, the environment, the matrix or the cache',
  severity: 'high',
  confidence: 'medium',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§0', '§1', '§2'],
  alsoKnownAs: [],
  check,
};

interface Target {
  readonly text: Text;
  readonly scope: Scope;
  readonly what: string;
  readonly severity: Severity;
}

function* check(subject: Subject): Iterable<Found> {
  const taints = taintsOf(subject);
  for (const file of subject.repository.workflows)
    for (const { text, scope, what, severity } of targetsOf(file)) {
      const taint = taints.of(text, scope).find(({ by, holds }) => by === 'stranger' && holds === 'text');
      // Who opens a pull request writes its workflow as well, and is given nothing by it.
      if (taint === undefined || !isPrivileged(taint)) continue;
      const at = spanOf(file.source, text.at, text.text.length);
      yield {
        at,
        severity,
        message: `a stranger chooses ${what} on ${taint.events.join(', ')}`,
        fix: 'choose it from a fixed list',
        events: taint.events,
        flow: [...taint.hops, { at, what: `is ${what}` }],
        ...(scope.job !== undefined && { job: scope.job.id }),
      };
    }
}

function* targetsOf(file: WorkflowFile): Iterable<Target> {
  yield* groups(file.tree, { file });
  for (const job of file.jobs) yield* ofJob(file, job);
}

function* ofJob(file: WorkflowFile, job: JobPart): Iterable<Target> {
  const scope = { file, job };
  const here = (text: Text | undefined, what: string, severity: Severity): readonly Target[] =>
    text === undefined ? [] : [{ text, scope, what, severity }];
  for (const label of job.runsOn) yield* here(label, 'the runner of the job', 'high');
  yield* here(job.runnerGroup, 'the runners of the job', 'high');
  yield* here(job.container?.image, 'the image of the job', 'high');
  for (const service of job.services) yield* here(service.image, 'the image of a service', 'medium');
  yield* here(job.environment, 'the environment of the job', 'high');
  yield* groups(job.tree, scope);
  for (const text of textsIn(job.matrix))
    if (/fromJSON/i.test(text.text))
      yield { text, scope, what: 'how many jobs run, and with what', severity: 'high' };
  for (const step of job.steps) {
    if (step.uses?.kind !== 'repository' || !step.uses.repository.startsWith('actions/cache')) continue;
    for (const name of ['key', 'restore-keys', 'path']) {
      const text = inputOf(step, name);
      if (text !== undefined)
        yield { text, scope: { ...scope, step }, what: `the ${name} of a cache`, severity: 'medium' };
    }
  }
}

function* groups(tree: Parameters<typeof valueOf>[0], scope: Scope): Iterable<Target> {
  const concurrency = valueOf(tree, 'concurrency');
  const group = textOf(concurrency) ?? textOf(valueOf(concurrency, 'group'));
  // A name of one's own pull request ends one's own runs alone when the event is in the group as well; that is a matter of style.
  const ends = entriesOf(concurrency).some(
    ({ key, value }) => key === 'cancel-in-progress' && textsIn(value).some(({ text }) => text !== 'false'),
  );
  if (group !== undefined && ends && !/github\.(?:event_name|workflow|ref\b)/.test(group.text))
    yield { text: group, scope, what: 'which other runs are ended', severity: 'low' };
}
