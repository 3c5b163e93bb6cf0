import { canonicalJson, err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import type { Configuration, Waiver, ZoneId } from '../config/index.ts';

/** The job that wants to run privileged. `repository`: as the operator's file names it; absent: it names none. */
export interface WaiverSubject {
  readonly repository: string | undefined;
  readonly workflow: string;
  readonly job: string;
  readonly zone: ZoneId;
}

/** For how long somebody may sign at most: what nobody looks at again is no exception any more. */
const MOST_DAYS = 90;
const DAY_MS = 86_400_000;
const RULES = 'docs/profiles.md says what a waiver needs';

/** The text that is signed: everything that a waiver says, so that no word of it can be changed or moved to another job. */
export function waiverText(waiver: Waiver): string {
  const { signature: _, ...said } = waiver;
  return `${canonicalJson(said)}\n`;
}

/**
 * The waiver of a job, all of it held but its signature: for this repository, workflow, job and zone, for the pool of this
 * machine, and in its time. Where several are for the job, one that holds is enough.
 */
export function waiverFor(
  configuration: Pick<Configuration, 'waivers' | 'pool'> | undefined,
  subject: WaiverSubject,
  now: Date,
): Result<Waiver, Refusal> {
  if (subject.zone === 'untrusted') {
    return err(
      no(
        'waiver/untrusted',
        `job ${subject.job} is untrusted, and an untrusted job never runs privileged`,
        'there is no waiver for it: run it without the profile, or prove its zone (docs/zones.md)',
      ),
    );
  }
  const meant = (configuration?.waivers ?? []).filter(
    (one) =>
      one.repository === subject.repository &&
      one.workflow === subject.workflow &&
      one.job === subject.job &&
      one.zone === subject.zone,
  );
  const held = meant.map((one) => inForce(one, configuration?.pool, now));
  return (
    held.find((one) => one.ok) ??
    held[0] ??
    err(
      no(
        'waiver/none',
        `no waiver is for job ${subject.job} of ${subject.workflow} of ${subject.repository ?? 'a repository that nobody vouches for'} in zone ${subject.zone}`,
        `have one written and signed for the operator\u2019s file, or run it without the profile; ${RULES}`,
      ),
    )
  );
}

function inForce(waiver: Waiver, pool: string | undefined, now: Date): Result<Waiver, Refusal> {
  const left = Date.parse(waiver.expires) - now.getTime();
  if (!(left > 0)) {
    const why = `the waiver of job ${waiver.job} expired at ${waiver.expires}`;
    return err(no('waiver/expired', why, 'do without it, or have it written and signed anew'));
  }
  if (left > MOST_DAYS * DAY_MS) {
    const why = `the waiver of job ${waiver.job} would last until ${waiver.expires}, more than ${MOST_DAYS} days`;
    return err(no('waiver/too-long', why, 'have it signed for a shorter time'));
  }
  if (pool !== waiver.pool) {
    const why = `the waiver of job ${waiver.job} is for pool ${waiver.pool}, and this machine is in ${pool === undefined ? 'none' : `pool ${pool}`}`;
    return err(
      no('waiver/pool', why, `run it on a machine whose operator\u2019s file says \`pool: ${waiver.pool}\``),
    );
  }
  if (waiver.signature === undefined) {
    const why = `the waiver of job ${waiver.job} is not signed`;
    return err(
      no('waiver/unsigned', why, 'have it signed: cofferdam policy waivers prints the text and the command'),
    );
  }
  return ok(waiver);
}

/** Why a machine that runs privileged jobs does not run this one; undefined when it may. */
export function poolRefuses(
  configuration: Pick<Configuration, 'waivers' | 'pool'> | undefined,
  zone: ZoneId,
): Refusal | undefined {
  const { pool, waivers = [] } = configuration ?? {};
  if (zone !== 'untrusted' || pool === undefined || waivers.every((one) => one.pool !== pool))
    return undefined;
  return no(
    'pool/untrusted',
    `this machine is in pool ${pool}, which runs privileged jobs, and so runs no untrusted one`,
    'run it on a machine of another pool',
  );
}

function no(rule: string, why: string, fix: string): Refusal {
  return refusal('policy', rule, why, fix);
}
