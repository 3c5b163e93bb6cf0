import type { Finding, PlacedRun } from '../gate/index.ts';

/** What records of runs say, of one repository on this machine. Only records that are whole count. */
export interface RecordedRuns {
  readonly runs: number;
  /** Runs whose record is not whole, or not finished: nothing of them counts. */
  readonly notWhole: number;
  /** Jobs, by the zone in which they ran. */
  readonly jobs: Readonly<Record<string, number>>;
  /** Jobs that ran with both a sandbox and a gateway armed. */
  readonly armed: number;
  /** Jobs whose sandbox was seen to be gone, with nothing left. */
  readonly destroyed: number;
  readonly denied: number;
  /** Where the records do not know everything. */
  readonly gaps: number;
  readonly limitsHit: number;
  readonly secretsDelivered: number;
  /** When the last of them ended; empty: none did. */
  readonly last: string;
}

/** Everything that an assessment is made from. */
export interface Facts {
  readonly name: string;
  readonly files: number;
  readonly workflows: number;
  readonly jobs: number;
  /** Every finding, of every persona. */
  readonly findings: readonly Finding[];
  readonly placed: readonly PlacedRun[];
  /** Jobs that publish or deploy. */
  readonly publishing: number;
  /** Files that say what to do in an incident. */
  readonly runbooks: readonly string[];
  readonly records: RecordedRuns;
}

export const NO_RECORDS: RecordedRuns = {
  runs: 0,
  notWhole: 0,
  jobs: {},
  armed: 0,
  destroyed: 0,
  denied: 0,
  gaps: 0,
  limitsHit: 0,
  secretsDelivered: 0,
  last: '',
};
