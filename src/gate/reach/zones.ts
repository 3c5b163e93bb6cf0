import { decideZone, type Fact, type ZoneFacts, type ZoneId } from '../../zone/index.ts';
import type { Hop } from '../finding.ts';
import type { JobPart, WorkflowFile } from '../repository/model.ts';
import { valueOf } from '../repository/tree.ts';
import type { Subject } from '../subject.ts';

/** In which zone one kind of run of a job is at most, and why. */
export interface PlacedRun {
  readonly workflow: string;
  readonly job: string;
  readonly event: string;
  /** What kind of run of the event: `a fork`, `a branch`, `a tag`. */
  readonly of: string;
  readonly zone: ZoneId;
  readonly why: string;
  readonly via: readonly Hop[];
}

const fact = <T extends string | boolean>(value: T): Fact<T> => ({ value, source: 'git', forgeable: false });

/** Everything proven that a run can prove: what is then missing, no run of this kind can ever have. */
const BEST: Omit<ZoneFacts, 'event'> = {
  fork: fact(false),
  repository: fact('this'),
  ref: fact('its branch'),
  commit: fact('0'.repeat(40)),
  workTree: fact(false),
  payloadOwn: fact(true),
  repositoryTrusted: fact(true),
  protectedBranch: fact(true),
  onProtectedBranch: fact(true),
};

/**
 * For each event that brings each job to run: the highest zone that such a run can prove, where the operator vouches for
 * everything that can be vouched for. Decided by what decides a run's zone, from facts at their best; a job that two zones
 * can reach is there twice.
 */
export function placedRuns(subject: Subject): readonly PlacedRun[] {
  return subject.repository.workflows.flatMap((file) =>
    file.jobs.flatMap((job) =>
      subject.reaching(file).flatMap(({ event, via }) =>
        kindsOf(subject, file, event).map(({ of, facts }) => {
          const decided = decideZone({ ...BEST, ...facts, ...environmentOf(job), event: fact(event) });
          return {
            workflow: file.source.path,
            job: job.id,
            event,
            of,
            zone: decided.zone,
            why: decided.because[0] ?? '',
            via,
          };
        }),
      ),
    ),
  );
}

interface Kind {
  readonly of: string;
  readonly facts: Partial<ZoneFacts>;
}

const FORK: Kind = { of: 'a fork', facts: { fork: fact(true) } };
const TAG: Kind = {
  of: 'a tag',
  facts: {
    ref: fact('its tag'),
    protectedBranch: fact(false),
    protectedTag: fact(true),
    signedTag: fact(true),
  },
};
const BRANCH: Kind = { of: 'a branch', facts: {} };

function kindsOf(subject: Subject, file: WorkflowFile, event: string): readonly Kind[] {
  if (event === 'pull_request')
    return [FORK, { of: 'an own branch by a member', facts: { authorAssociation: fact('MEMBER') } }];
  if (event === 'release') return [TAG];
  if (event !== 'push') return [BRANCH];
  // What calls it may have the filter; without one, or with both, it is run for both.
  const triggers = [
    file,
    ...subject.callsOf(file).flatMap(({ scope }) => (scope.file.kind === 'workflow' ? [scope.file] : [])),
  ]
    .flatMap(({ triggers: all }) => all)
    .filter((trigger) => trigger.event === 'push');
  const names = (key: string): boolean => triggers.some(({ value }) => valueOf(value, key) !== undefined);
  const branches = names('branches') || names('branches-ignore');
  const tags = names('tags') || names('tags-ignore');
  return [...(branches || !tags ? [BRANCH] : []), ...(tags || !branches ? [TAG] : [])];
}

/** A name that is computed proves nothing. */
function environmentOf({ environment }: JobPart): Partial<ZoneFacts> {
  if (environment === undefined || environment.text.includes('${{')) return {};
  return { environment: fact(environment.text), protectedEnvironment: fact(true) };
}
