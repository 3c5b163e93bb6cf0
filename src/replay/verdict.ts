import type { SideRun } from './ground/side-run.ts';

/** What a replay of one case showed. */
export type ReplayVerdict = 'contained' | 'not-contained' | 'broken' | 'not-applicable';

export interface Judgement {
  readonly verdict: ReplayVerdict;
  readonly why: string;
}

/**
 * Judges a case from what was seen from outside. An attack that fails without the control proves nothing about the control;
 * one that is contained without the event in a whole record is contained by chance as far as anyone can tell.
 */
export function judge(off: SideRun, on: SideRun | undefined, event: string): Judgement {
  if (off.failure !== undefined) return broken(`without the control it could not be run: ${off.failure}`);
  if (off.harm === undefined) return broken('without the control the attack did nothing either');
  if (on === undefined) return broken('with the control it was not run');
  if (on.harm !== undefined) return { verdict: 'not-contained', why: on.harm };
  if (on.failure !== undefined) return broken(`with the control it could not be run: ${on.failure}`);
  if (on.record === undefined) return broken('the run with the control left no record');
  if (on.record.state !== 'whole') return broken(`the record is ${on.record.state}`);
  if (!on.record.began) return broken('with the control the job did not begin');
  if (!on.record.expected)
    return {
      verdict: 'not-contained',
      why: `no harm was seen, but the record does not hold ${event}${on.refused === undefined ? '' : `; it was refused by ${on.refused}`}`,
    };
  return { verdict: 'contained', why: off.harm };
}

function broken(why: string): Judgement {
  return { verdict: 'broken', why };
}

/**
 * The exit status of all: 0 only when something ran and every one that ran was contained. What does not apply to a runtime
 * was not run.
 */
export function replayStatus(verdicts: readonly ReplayVerdict[]): 0 | 1 {
  const ran = verdicts.filter((verdict) => verdict !== 'not-applicable');
  return ran.length > 0 && ran.every((verdict) => verdict === 'contained') ? 0 : 1;
}
