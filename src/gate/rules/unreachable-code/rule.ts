import { calledIn, type Expression, type Text } from '../../../workflow/index.ts';
import type { Found } from '../../finding.ts';
import type { ActionFile, JobPart, WorkflowFile } from '../../repository/model.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { EVENTS } from '../../syntax/event-shapes.ts';
import { constantOf } from '../../syntax/constant.ts';

export const rule: Rule = {
  id: 'unreachable-code',
  title: 'A job or a step never runs, or its condition decides nothing',
  severity: 'low',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§7'],
  alsoKnownAs: ['actionlint/if-cond'],
  check,
};

const STATUS = ['always', 'failure', 'cancelled', 'success'];

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows) {
    const events = eventsOf(file);
    const never = new Set<string>();
    for (const job of inOrder(file.jobs)) {
      const outcome = yield* judged(subject, file, job, job.if, events, 'job');
      const needed = job.needs.find(({ text }) => never.has(text.toLowerCase()));
      if (outcome !== false && needed !== undefined && !runsAnyway(subject, job)) {
        never.add(job.id.toLowerCase());
        yield {
          at: job.at,
          job: job.id,
          message: `the job ${job.id} needs ${needed.text}, which never runs: it never runs either`,
          fix: 'remove the need, or run it with if: always()',
        };
      }
      if (outcome === false) never.add(job.id.toLowerCase());
      for (const step of job.steps) yield* judged(subject, file, job, step.if, events, 'step');
    }
  }
  for (const file of subject.repository.actions)
    for (const step of file.steps) yield* judged(subject, file, undefined, step.if, undefined, 'step');
}

/** Those that are needed come first; of a circle, which another rule finds, any. */
function inOrder(jobs: readonly JobPart[]): readonly JobPart[] {
  const byId = new Map(jobs.map((job) => [job.id.toLowerCase(), job]));
  const done = new Set<JobPart>();
  const open: JobPart[] = [];
  for (const start of jobs) {
    open.push(start);
    const entered = new Set<JobPart>();
    for (let job = open.at(-1); job !== undefined; job = open.at(-1)) {
      const before = entered.has(job)
        ? []
        : job.needs
            .flatMap(({ text }) => byId.get(text.toLowerCase()) ?? [])
            .filter((one) => !done.has(one) && !entered.has(one));
      entered.add(job);
      if (before.length > 0) open.push(...before);
      else {
        done.add(job);
        open.pop();
      }
    }
  }
  return [...done];
}

function* judged(
  subject: Subject,
  file: WorkflowFile | ActionFile,
  job: JobPart | undefined,
  condition: Text | undefined,
  events: ReadonlySet<string> | undefined,
  what: 'job' | 'step',
): Generator<Found, boolean | undefined> {
  const tree =
    condition === undefined || condition.text.trim() === '' ? undefined : subject.condition(condition);
  if (condition === undefined || tree === undefined) return undefined;
  const outcome = constantOf(tree, events);
  const isWritten = constantOf(tree) !== undefined;
  // `always()` is what one writes to run in any case; what an event alone makes true is a matter of taste.
  if (outcome === undefined || (outcome && (!isWritten || STATUS.some((name) => calledIn(tree).has(name)))))
    return outcome;
  yield {
    at: spanOf(file.source, condition.at, condition.text.length),
    message: outcome
      ? `the condition is true, always`
      : isWritten
        ? `the condition is false, always: the ${what} never runs`
        : `nothing starts this workflow by the event that the condition asks for: the ${what} never runs`,
    fix: outcome
      ? 'leave it out'
      : isWritten
        ? `remove the ${what}, or write its condition`
        : 'correct the name of the event, or add it to on',
    ...(outcome === false && !isWritten && { confidence: 'medium' }),
    ...(job !== undefined && { job: job.id }),
  };
  return outcome;
}

/** What can start a file; undefined when a caller decides that. */
function eventsOf(file: WorkflowFile): ReadonlySet<string> | undefined {
  const events = new Set(file.triggers.map(({ event }) => event.toLowerCase()));
  // Of an event that does not exist it is not known which one is meant.
  const isKnown = [...events].every((event) => Object.hasOwn(EVENTS, event));
  return events.has('workflow_call') || events.size === 0 || !isKnown ? undefined : events;
}

function runsAnyway(subject: Subject, job: JobPart): boolean {
  const tree: Expression | undefined = job.if === undefined ? undefined : subject.condition(job.if);
  return tree !== undefined && [...calledIn(tree)].some((name) => STATUS.includes(name));
}
