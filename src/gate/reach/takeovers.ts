import type { Hop } from '../finding.ts';
import type { ActionFile, JobPart, WorkflowFile } from '../repository/model.ts';
import { pieceSpan, spanOf } from '../repository/tree.ts';
import type { Scope, Site, Subject } from '../subject.ts';
import { isDispatched } from '../taint/dispatches.ts';
import { executedAfter } from '../taint/execution.ts';
import { injectionsIn } from '../taint/injections.ts';
import { fileCommandsOf, MAY_WRITE } from '../taint/file-commands.ts';
import { codeOf, MAY_RUN, runsHere } from '../taint/evaluations.ts';
import { injectedTaint, variableTaint } from '../taint/script-flow.ts';
import { PRIVILEGED_EVENTS } from '../taint/sources.ts';
import { type Taints, taintsOf } from '../taint/taint.ts';
import { grantedTo } from '../token/least.ts';
import { versionUsed } from '../uses.ts';
import { majorOf, restoring } from './caches.ts';

/** That a stranger's code runs in a job, with what the job holds. */
export interface Takeover {
  readonly file: WorkflowFile;
  readonly job: JobPart;
  /** The events, of those in which the job holds anything, by which it is done. */
  readonly events: readonly string[];
  readonly hops: readonly Hop[];
}

const MAX_CALLS = 10;

/** Every way that is known by which a stranger's code comes to run in a job that has the repository's rights. */
export function takeoversIn(subject: Subject): readonly Takeover[] {
  return subject.once(findTakeovers);
}

/** The first takeover of each job, with its number among all. */
export function takenJobs(
  takeovers: readonly Takeover[],
): ReadonlyMap<JobPart, { readonly takeover: Takeover; readonly number: number }> {
  const first = new Map<JobPart, { readonly takeover: Takeover; readonly number: number }>();
  for (const [number, takeover] of takeovers.entries())
    if (!first.has(takeover.job)) first.set(takeover.job, { takeover, number });
  return first;
}

function findTakeovers(subject: Subject): readonly Takeover[] {
  const taints = taintsOf(subject);
  const found: Takeover[] = [];
  for (const file of subject.repository.workflows)
    for (const job of file.jobs)
      for (const filled of taints.filled({ file, job })) {
        const executed =
          filled.ran ??
          executedAfter(taints, { file, job, step: filled.step }, filled.place, filled.taint.events);
        if (executed === undefined) continue;
        found.push(...takeover(file, job, filled.taint.events, [...filled.taint.hops, executed]));
      }
  // Where no event with rights brings a file to run, nothing in it takes anything over.
  for (const site of subject.sites.filter(({ file }) => isPrivileged(subject, file)))
    for (const { events, hops } of [
      ...injected(taints, site),
      ...written(taints, site),
      ...evaluated(taints, site),
    ])
      for (const { file, job } of jobsOf(subject, site)) found.push(...takeover(file, job, events, hops));
  return [...found, ...started(subject, found)];
}

/**
 * What the token of a job that was taken over starts with inputs of the stranger's choice: with `actions: write` every workflow that a person
 * may start by hand, where an input becomes code.
 */
function started(subject: Subject, found: readonly Takeover[]): readonly Takeover[] {
  const by = found.find(({ file, job }) => {
    const granted = grantedTo(file, job);
    return (
      granted?.all === 'write' ||
      granted?.scopes.some(({ scope, level }) => scope === 'actions' && level === 'write') === true
    );
  });
  if (by === undefined) return [];
  const taints = taintsOf(subject);
  const hop = { at: by.job.at, what: 'has a token that may start any workflow, with any input' };
  return subject.sites.flatMap((site) => {
    if (!subject.reaching(site.file).some(({ event }) => event === 'workflow_dispatch')) return [];
    return injectionsIn(taints, site)
      .filter(
        ({ taint }) =>
          taint.by === 'writer' &&
          taint.events.includes('workflow_dispatch') &&
          /^(?:inputs|github\.event\.inputs)\./.test(taint.origin),
      )
      .flatMap(({ taint, at, what }) =>
        jobsOf(subject, site).map(({ file, job }) => ({
          file,
          job,
          events: by.events,
          hops: [...by.hops, hop, ...taint.hops, { at, what: `becomes part of ${what}` }],
        })),
      );
  });
}

function isPrivileged(subject: Subject, file: WorkflowFile | ActionFile): boolean {
  if (file.kind === 'workflow' && isDispatched(subject, file)) return true;
  return subject.reaching(file).some(({ event }) => PRIVILEGED_EVENTS.has(event));
}

function takeover(
  file: WorkflowFile,
  job: JobPart,
  events: readonly string[],
  hops: readonly Hop[],
): readonly Takeover[] {
  const with_ = events.filter((event) => PRIVILEGED_EVENTS.has(event));
  return with_.length === 0 ? [] : [{ file, job, events: with_, hops }];
}

interface Way {
  readonly events: readonly string[];
  readonly hops: readonly Hop[];
}

function injected(taints: Taints, site: Site): readonly Way[] {
  return injectionsIn(taints, site)
    .filter(({ taint }) => taint.by === 'stranger')
    .map(({ taint, at, what }) => ({
      events: taint.events,
      hops: [...taint.hops, { at, what: `becomes part of ${what}` }],
    }));
}

function written(taints: Taints, site: Site): readonly Way[] {
  const run = taints.subject.scriptText(site);
  const script = run === undefined || !MAY_WRITE.test(run.text) ? undefined : taints.subject.script(site);
  if (run === undefined || script === undefined) return [];
  return fileCommandsOf(script)
    .filter(({ file }) => file !== 'GITHUB_OUTPUT')
    .flatMap((one) => {
      const { command, file } = one;
      return injectedTaint(taints, one, site)
        .filter(({ by, holds }) => by === 'stranger' && holds === 'text')
        .map(({ events, hops }) => ({
          events,
          hops: [
            ...hops,
            {
              at: pieceSpan(site.file.source, run, command.text),
              what: `is written to ${file}, which every later step obeys`,
            },
          ],
        }));
    });
}

/** `eval "$BODY"` and its kin. */
function evaluated(taints: Taints, site: Site): readonly Way[] {
  const run = taints.subject.scriptText(site);
  if (run === undefined || (site.step.run === undefined && !MAY_RUN.test(run.text))) return [];
  return (taints.subject.script(site)?.commands ?? []).flatMap((command) =>
    (runsHere(command) ? codeOf(command) : []).flatMap((word) =>
      variableTaint(taints, word, site)
        .filter(({ by, holds }) => by === 'stranger' && holds === 'text')
        .map(({ events, hops }) => ({
          events,
          hops: [...hops, { at: pieceSpan(site.file.source, run, command.text), what: 'is read as code' }],
        })),
    ),
  );
}

/** The jobs in which a step runs: its own, or all that use its action. */
function jobsOf(
  subject: Subject,
  scope: Scope,
  depth = 0,
): readonly { readonly file: WorkflowFile; readonly job: JobPart }[] {
  const { file, job } = scope;
  if (file.kind === 'workflow') return job === undefined ? [] : [{ file, job }];
  return depth > MAX_CALLS ? [] : callersOf(subject, file, depth);
}

function callersOf(subject: Subject, action: ActionFile, depth: number): ReturnType<typeof jobsOf> {
  return subject.callsOf(action).flatMap(({ scope }) => jobsOf(subject, scope, depth + 1));
}

/** A step that takes from the cache of the default branch, which every job there may have filled. */
export function restoresCache(subject: Subject, file: WorkflowFile, job: JobPart): Hop | undefined {
  for (const step of job.steps) {
    const { uses } = step;
    if (uses?.kind !== 'repository') continue;
    const at = spanOf(file.source, uses.at, uses.text.length);
    const version = versionUsed(subject, { file, job, step, uses, at, kind: 'action' })?.text;
    const found = restoring(step, majorOf(version));
    if (found !== undefined && found.sometimes === undefined)
      return { at, what: 'restores a cache that a stranger\u2019s code may have written' };
  }
  return undefined;
}
