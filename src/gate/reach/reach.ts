import type { Hop } from '../finding.ts';
import { executedAfter } from '../taint/execution.ts';
import type { JobPart, WorkflowFile } from '../repository/model.ts';
import { spanOf } from '../repository/tree.ts';
import type { Subject } from '../subject.ts';
import { folderOf } from '../taint/folder.ts';
import { inputOf } from '../taint/workspace.ts';
import { PRIVILEGED_EVENTS, STRANGERS_EVENTS } from '../taint/sources.ts';
import { taintsOf } from '../taint/taint.ts';
import { EVERY, type Holder, holdersIn } from './holders.ts';
import { restoresCache, type Takeover, takeoversIn } from './takeovers.ts';

/** From where somebody without any right begins. */
export const ORIGINS = ['fork-pull-request', 'comment', 'issue', 'anyone'] as const;
export type Origin = (typeof ORIGINS)[number];

const EVENTS: Readonly<Record<Origin, readonly string[]>> = {
  'fork-pull-request': [
    'pull_request',
    'pull_request_target',
    'pull_request_review',
    'pull_request_review_comment',
    'workflow_run',
  ],
  comment: ['issue_comment', 'discussion_comment', 'pull_request_comment'],
  issue: ['issues', 'discussion'],
  anyone: [...STRANGERS_EVENTS],
};

export interface Way {
  readonly job: string;
  readonly workflow: string;
  readonly secret: string;
  /** From the event to where the job holds the secret. */
  readonly hops: readonly Hop[];
}

/** A job that holds it, and why it is not reached. */
export interface Unreached {
  readonly job: string;
  readonly workflow: string;
  readonly why: string;
}

export interface Reach {
  readonly from: Origin;
  readonly to: string;
  readonly ways: readonly Way[];
  readonly unreached: readonly Unreached[];
  /** Nobody names it here: neither \u201creached\u201d nor \u201cnot reached\u201d would be true. */
  readonly known: boolean;
}

/** Whether, and by which way, somebody comes from an origin to a secret, as far as the files of the repository tell. */
export function reach(subject: Subject, from: Origin, to: string): Reach {
  const wanted = to.toUpperCase();
  const holders = holdersIn(subject).filter(
    ({ secret }) => secret === wanted || (secret === EVERY && wanted !== 'GITHUB_TOKEN'),
  );
  const takeovers = takeoversIn(subject).filter(({ events }) =>
    events.some((event) => EVENTS[from].includes(event)),
  );
  const ways: Way[] = [];
  const unreached: Unreached[] = [];
  const seen = new Set<string>();
  for (const holder of holders) {
    const key = `${holder.file.source.path} ${holder.job.id}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const where = { job: holder.job.id, workflow: holder.file.source.path };
    const hops = wayTo(subject, holder, takeovers);
    if (hops === undefined) unreached.push({ ...where, why: whyNot(subject, holder, from) });
    else ways.push({ ...where, secret: wanted, hops });
  }
  return { from, to: wanted, ways, unreached, known: holders.length > 0 };
}

/** Every secret that somebody without any right reaches: for each job that holds it one way, the job's token left out. */
export function waysToSecrets(subject: Subject): readonly (Way & { readonly byCache: boolean })[] {
  const takeovers = takeoversIn(subject);
  if (takeovers.length === 0) return [];
  const seen = new Set<string>();
  return holdersIn(subject).flatMap((holder) => {
    const { file, job, secret } = holder;
    const key = `${file.source.path} ${job.id} ${secret}`;
    if (secret === 'GITHUB_TOKEN' || seen.has(key)) return [];
    seen.add(key);
    const hops = wayTo(subject, holder, takeovers);
    const byCache = hops?.some(({ what }) => what === BY_CACHE) === true;
    return hops === undefined ? [] : [{ job: job.id, workflow: file.source.path, secret, hops, byCache }];
  });
}

const BY_CACHE = 'can write the cache of the default branch';

function wayTo(subject: Subject, holder: Holder, takeovers: readonly Takeover[]): readonly Hop[] | undefined {
  const direct = takeovers.find(({ job }) => job === holder.job);
  if (direct !== undefined) return [...direct.hops, ...holder.hops];
  for (const takeover of takeovers) {
    const next = between(subject, takeover, holder);
    if (next !== undefined) return [...takeover.hops, ...next, ...holder.hops];
  }
  return undefined;
}

/** How what runs in one job comes into another: by an artifact of the same run, or by the default branch's cache. */
function between(subject: Subject, takeover: Takeover, holder: Holder): readonly Hop[] | undefined {
  const { file, job } = holder;
  if (takeover.file === file && comesAfter(takeover.file, job, takeover.job.id)) {
    const download = job.steps.find(
      ({ uses }) => uses?.kind === 'repository' && uses.repository === 'actions/download-artifact',
    );
    const executed =
      download === undefined
        ? undefined
        : executedAfter(
            taintsOf(subject),
            { file, job, step: download },
            {
              folder: folderOf(inputOf(download, 'path')?.text ?? '') ?? '',
              others: [],
            },
          );
    if (download?.uses !== undefined && executed !== undefined)
      return [
        {
          at: spanOf(file.source, download.uses.at, download.uses.text.length),
          what: 'downloads what that job made',
        },
        executed,
      ];
  }
  const cache = restoresCache(subject, file, job);
  return cache === undefined ? undefined : [{ at: takeover.job.at, what: BY_CACHE }, cache];
}

/** Whether a job waits for another, at whatever distance. */
function comesAfter(file: WorkflowFile, job: JobPart, id: string, seen = new Set<string>()): boolean {
  return job.needs.some(({ text }) => {
    if (text === id) return true;
    if (seen.has(text)) return false;
    seen.add(text);
    const before = file.jobs.find((one) => one.id === text);
    return before !== undefined && comesAfter(file, before, id, seen);
  });
}

function whyNot(subject: Subject, { file }: Holder, from: Origin): string {
  const events = subject.reaching(file).map(({ event }) => event);
  const strange = events.filter((event) => EVENTS[from].includes(event));
  if (events.length === 0) return 'nothing here calls it';
  if (strange.length === 0) return `it runs on ${events.join(', ')}, which this origin does not start`;
  if (strange.every((event) => !PRIVILEGED_EVENTS.has(event)))
    return `of what this origin starts it runs on ${strange.join(', ')} alone, where a fork is given no secrets`;
  return `it runs on ${strange.join(', ')}, and no way is known by which a stranger\u2019s code runs in it`;
}
