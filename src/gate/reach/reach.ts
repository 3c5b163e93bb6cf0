import type { Hop } from '../finding.ts';
import { executedAfter } from '../taint/execution.ts';
import { spanOf } from '../repository/tree.ts';
import type { Subject } from '../subject.ts';
import { waitedFor } from '../syntax/needs.ts';
import { grantedTo } from '../token/least.ts';
import { folderOf } from '../taint/folder.ts';
import { inputOf } from '../taint/workspace.ts';
import { PRIVILEGED_EVENTS, STRANGERS_EVENTS } from '../taint/sources.ts';
import { taintsOf } from '../taint/taint.ts';
import { byMachine } from './by-machine.ts';
import { EVERY, type Holder, holdersIn } from './holders.ts';
import { restoresCache, takenJobs, type Takeover, takeoversIn } from './takeovers.ts';

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
  const holders = [
    ...holdersIn(subject).filter(
      ({ secret }) => secret === wanted || (secret === EVERY && wanted !== 'GITHUB_TOKEN'),
    ),
    ...(wanted === 'GITHUB_TOKEN' ? withToken(subject) : []),
  ];
  const takeovers = takeoversIn(subject).filter(({ events }) =>
    events.some((event) => EVENTS[from].includes(event)),
  );
  const taken = takenJobs(takeovers);
  const ways: Way[] = [];
  const unreached: Unreached[] = [];
  const seen = new Set<string>();
  for (const holder of holders) {
    const key = `${holder.file.source.path} ${holder.job.id}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const where = { job: holder.job.id, workflow: holder.file.source.path };
    const left = wayTo(subject, holder, takeovers, taken);
    const machine = left === undefined ? byMachine(subject, holder, EVENTS[from], takeovers) : undefined;
    const hops = left ?? (machine === undefined ? undefined : [...machine, ...holder.hops]);
    if (hops === undefined) unreached.push({ ...where, why: whyNot(subject, holder, from) });
    else ways.push({ ...where, secret: wanted, hops });
  }
  return { from, to: wanted, ways, unreached, known: holders.length > 0 };
}

/** Every job is given the token of its run, also where nothing names it, unless it may do nothing with it. */
function withToken(subject: Subject): readonly Holder[] {
  return subject.repository.workflows.flatMap((file) =>
    file.jobs.flatMap((job) => {
      const granted = grantedTo(file, job);
      if (
        job.steps.length === 0 ||
        (granted !== undefined && granted.all === undefined && granted.scopes.length === 0)
      )
        return [];
      const hop = { at: granted?.at ?? job.at, what: 'is given the job\u2019s token' };
      return [{ file, job, secret: 'GITHUB_TOKEN', hops: [hop] }];
    }),
  );
}

/** Every secret that somebody without any right reaches: for each job that holds it one way, the job's token left out. */
export function waysToSecrets(subject: Subject): readonly (Way & { readonly byCache: boolean })[] {
  const takeovers = takeoversIn(subject);
  if (takeovers.length === 0) return [];
  const taken = takenJobs(takeovers);
  const seen = new Set<string>();
  return holdersIn(subject).flatMap((holder) => {
    const { file, job, secret } = holder;
    const key = `${file.source.path} ${job.id} ${secret}`;
    if (secret === 'GITHUB_TOKEN' || seen.has(key)) return [];
    seen.add(key);
    const hops = wayTo(subject, holder, takeovers, taken);
    const byCache = hops?.some(({ what }) => what === BY_CACHE) === true;
    return hops === undefined ? [] : [{ job: job.id, workflow: file.source.path, secret, hops, byCache }];
  });
}

const BY_CACHE = 'can write the cache of the default branch';

type Taken = ReturnType<typeof takenJobs>;

/** The first way by which what runs in a job comes to a holder: in its own job, by an artifact of the same run, or by the cache. */
function wayTo(
  subject: Subject,
  holder: Holder,
  [first]: readonly Takeover[],
  taken: Taken,
): readonly Hop[] | undefined {
  const direct = taken.get(holder.job)?.takeover;
  if (direct !== undefined) return [...direct.hops, ...holder.hops];
  if (first === undefined) return undefined;
  const cache = restoresCache(subject, holder.file, holder.job);
  const artifact = artifactBefore(subject, holder, taken);
  // By the cache the very first comes there: another is told only where it comes before.
  if (artifact !== undefined && (cache === undefined || artifact.takeover === first))
    return [...artifact.takeover.hops, ...artifact.hops, ...holder.hops];
  return cache === undefined
    ? undefined
    : [...first.hops, { at: first.job.at, what: BY_CACHE }, cache, ...holder.hops];
}

/** The first job that this one waits for, whose artifact it takes and runs. */
function artifactBefore(
  subject: Subject,
  { file, job }: Holder,
  taken: Taken,
): { readonly takeover: Takeover; readonly hops: readonly Hop[] } | undefined {
  const download = job.steps.find(
    ({ uses }) => uses?.kind === 'repository' && uses.repository === 'actions/download-artifact',
  );
  if (download?.uses === undefined || job.needs.length === 0) return undefined;
  const before = [...waitedFor(file.jobs, job)].flatMap((one) => taken.get(one) ?? []);
  const [earliest] = before.toSorted((a, b) => a.number - b.number);
  if (earliest === undefined) return undefined;
  const place = { folder: folderOf(inputOf(download, 'path')?.text ?? '') ?? '', others: [] };
  const executed = executedAfter(taintsOf(subject), { file, job, step: download }, place);
  if (executed === undefined) return undefined;
  const at = spanOf(file.source, download.uses.at, download.uses.text.length);
  return {
    takeover: earliest.takeover,
    hops: [{ at, what: 'downloads what that job made' }, executed],
  };
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
