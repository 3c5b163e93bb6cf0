import type { Finding, Severity } from '../gate/index.ts';
import type { ItemJudged } from './checklist.ts';

export type Phase = 30 | 60 | 90;
/** `hours`: a change of files. `days`: of how runners are set up. `weeks`: of how people work. */
export type Effort = 'hours' | 'days' | 'weeks';

export interface PlannedAction {
  readonly id: string;
  /** As the guide has it. */
  readonly title: string;
  readonly phase: Phase;
  readonly effort: Effort;
  /** Weight of what speaks against the items that it serves, each finding once. */
  readonly exposure: number;
  /** Whether nothing is left of it to do, as far as is seen. */
  readonly done: boolean;
  /** The first thing to type or to change. */
  readonly first: string;
  readonly findings: readonly Finding[];
}

interface Action {
  readonly id: string;
  readonly title: string;
  readonly phase: Phase;
  readonly effort: Effort;
  /** Items of the checklist that it serves. */
  readonly serves: readonly string[];
  /** Of their findings, only those of these rules; all when it is left out. */
  readonly rules?: readonly string[];
  readonly first: string;
}

/** The guide's 30/60/90 day plan. */
const ACTIONS: readonly Action[] = [
  {
    id: 'split-pools',
    title: 'Split trusted vs untrusted runner pools',
    phase: 30,
    effort: 'days',
    serves: ['untrusted-isolated', 'ephemeral-runners'],
    rules: ['self-hosted-runner', 'shared-runners', 'untrusted-target'],
    first:
      'give each zone a label of its own in runs-on; cofferdam check --zones shows which job is in which',
  },
  {
    id: 'least-privilege',
    title: 'Enforce least-privilege CI token defaults',
    phase: 30,
    effort: 'hours',
    serves: ['token-read-only'],
    first: 'cofferdam check --fix',
  },
  {
    id: 'no-secrets-in-untrusted',
    title: 'Disable secrets in untrusted PR workflows',
    phase: 30,
    effort: 'hours',
    serves: ['untrusted-isolated'],
    rules: ['untrusted-checkout', 'secret-reach', 'approval-race'],
    first:
      'cofferdam check --from fork-pull-request --to SECRET shows each way; move the job to pull_request, or the secret away',
  },
  {
    id: 'timeouts',
    title: 'Add job timeouts and resource limits',
    phase: 30,
    effort: 'hours',
    serves: ['quotas'],
    first: 'cofferdam check --fix=unsafe writes timeout-minutes',
  },
  {
    id: 'default-deny-egress',
    title: 'Introduce default-deny egress with allowlists',
    phase: 60,
    effort: 'days',
    serves: ['egress-deny'],
    first: 'cofferdam run WORKFLOW, then cofferdam policy learn latest',
  },
  {
    id: 'sandbox-profiles',
    title: 'Deploy seccomp/AppArmor (or equivalent) profiles',
    phase: 60,
    effort: 'days',
    serves: ['profiles'],
    first: 'cofferdam doctor, then cofferdam run WORKFLOW',
  },
  {
    id: 'oidc',
    title: 'Migrate static cloud credentials to OIDC short-lived roles',
    phase: 60,
    effort: 'days',
    serves: ['no-long-lived-keys'],
    first: 'replace each key that cofferdam check names as long-lived-credentials',
  },
  {
    id: 'provenance',
    title: 'Add artifact signing and provenance checks',
    phase: 90,
    effort: 'days',
    serves: ['provenance'],
    first:
      'attest the build (actions/attest-build-provenance) and verify before the release (gh attestation verify)',
  },
  {
    id: 'policy-gates',
    title: 'Enforce policy-as-code gates for workflow and runtime configuration',
    phase: 90,
    effort: 'hours',
    serves: [],
    first: 'make cofferdam check --against and cofferdam policy diff required checks',
  },
  {
    id: 'exercise',
    title: 'Run a tabletop exercise for CI compromise response',
    phase: 90,
    effort: 'weeks',
    serves: ['incident-response'],
    first: 'cofferdam replay --all shows what an attack looks like in the record',
  },
];

const WEIGHT: Readonly<Record<Severity, number>> = { high: 10, medium: 3, low: 1, info: 0 };
const HOURS: Readonly<Record<Effort, number>> = { hours: 1, days: 3, weeks: 8 };
/** Many of a kind are mended by one change: more than this of one rule counts no further. */
const MOST_OF_A_RULE = 5;
/** What is not known may be open. */
const UNKNOWN = 5;

/** The plan, what removes most exposure for its effort first; what is done last. */
export function planFrom(items: readonly ItemJudged[]): readonly PlannedAction[] {
  const byId = new Map(items.map((item) => [item.id, item]));
  const planned = ACTIONS.map(({ serves, rules, ...action }): PlannedAction => {
    const served = serves.flatMap((id) => byId.get(id) ?? []);
    const findings = served
      .flatMap((item) => item.findings)
      .filter(({ rule }) => rules === undefined || rules.includes(rule));
    const unknown = served.filter(({ state }) => state === 'unknown').length * UNKNOWN;
    const settled = served.every(({ state }) => state === 'met' || state === 'none');
    return {
      ...action,
      findings,
      exposure: exposureOf(findings) + unknown,
      // An action that no item speaks of is never seen to be done.
      done: serves.length > 0 && findings.length === 0 && (settled || (rules !== undefined && unknown === 0)),
    };
  });
  return planned.toSorted(
    (a, b) => Number(a.done) - Number(b.done) || ratio(b) - ratio(a) || a.phase - b.phase,
  );
}

function exposureOf(findings: readonly Finding[]): number {
  const counted = new Map<string, number>();
  let sum = 0;
  for (const { rule, severity } of new Set(findings)) {
    const before = counted.get(rule) ?? 0;
    counted.set(rule, before + 1);
    if (before < MOST_OF_A_RULE) sum += WEIGHT[severity];
  }
  return sum;
}

function ratio({ exposure, effort }: PlannedAction): number {
  return exposure / HOURS[effort];
}
