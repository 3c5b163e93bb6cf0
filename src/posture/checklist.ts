import type { Finding } from '../gate/index.ts';
import type { Facts } from './facts.ts';

/** `open`: something speaks against it. `partly`: what is seen is as it should be, and not all can be seen. `unknown`: nothing is seen. */
export type State = 'met' | 'partly' | 'open' | 'unknown' | 'none';

export interface ItemJudged {
  readonly id: string;
  /** As the guide has it. */
  readonly title: string;
  readonly state: State;
  /** What it was judged by, a sentence each. */
  readonly evidence: readonly string[];
  /** What speaks against it. */
  readonly findings: readonly Finding[];
}

interface Item {
  readonly id: string;
  readonly title: string;
  /** Rules whose findings speak against it. */
  readonly rules: readonly string[];
  /** What is known beside findings; `met` and `partly` only where there are none. */
  readonly judge: (facts: Facts) => { readonly state: State; readonly evidence: readonly string[] };
}

const jobs = (count: number): string => `${count} ${count === 1 ? 'job' : 'jobs'}`;

function recorded(
  { records: { runs, armed, jobs: byZone } }: Facts,
  what: string,
): { readonly state: State; readonly evidence: readonly string[] } {
  const all = Object.values(byZone).reduce((sum, one) => sum + one, 0);
  if (all === 0)
    return { state: 'unknown', evidence: ['no whole record of a run of this repository is on this machine'] };
  if (armed < all)
    return {
      state: 'open',
      evidence: [`${armed} of ${jobs(all)} in ${runs} recorded runs ran with ${what}`],
    };
  return {
    state: 'partly',
    evidence: [
      `all ${jobs(all)} in ${runs} recorded runs ran with ${what}, by their receipts`,
      'what other runners do is not in these records',
    ],
  };
}

/** The guide's operational checklist. */
const ITEMS: readonly Item[] = [
  {
    id: 'untrusted-isolated',
    title: 'Untrusted PRs isolated from privileged runners',
    rules: [
      'self-hosted-runner',
      'shared-runners',
      'untrusted-checkout',
      'secret-reach',
      'approval-race',
      'untrusted-target',
    ],
    judge: ({ placed, workflows }) => {
      const untrusted = placed.filter(({ zone }) => zone === 'untrusted').length;
      if (workflows === 0) return { state: 'unknown', evidence: ['there is no workflow'] };
      return untrusted === 0
        ? { state: 'met', evidence: ['no event of a stranger starts a job'] }
        : {
            state: 'met',
            evidence: [
              `${untrusted} kinds of runs are of strangers, and no way is known from them to a machine or a secret of yours`,
            ],
          };
    },
  },
  {
    id: 'ephemeral-runners',
    title: 'Ephemeral runners enabled',
    rules: ['shared-runners'],
    judge: ({ findings, records, jobs: all }) => {
      const own = findings.filter(({ rule }) => rule === 'self-hosted-runner').length;
      const seen =
        records.destroyed > 0 ? [`${jobs(records.destroyed)} recorded here left nothing behind`] : [];
      if (all === 0) return { state: 'unknown', evidence: ['there is no job'] };
      return own === 0
        ? { state: 'met', evidence: ['every job names a hosted runner, which is thrown away', ...seen] }
        : {
            state: 'unknown',
            evidence: [
              `${jobs(own)} run on machines of your own, and nothing here says that these are thrown away`,
              ...seen,
            ],
          };
    },
  },
  {
    id: 'token-read-only',
    title: 'CI token defaults set to read-only',
    rules: ['excessive-permissions'],
    judge: ({ jobs: all }) =>
      all === 0
        ? { state: 'unknown', evidence: ['there is no job'] }
        : {
            state: 'met',
            evidence: ['every job says what its token may do, and none grants what it is not known to use'],
          },
  },
  {
    id: 'no-long-lived-keys',
    title: 'No long-lived cloud keys in CI',
    rules: [
      'long-lived-credentials',
      'hardcoded-credentials',
      'overprovisioned-secrets',
      'secrets-inherit',
      'github-app-token',
    ],
    judge: ({ workflows }) =>
      workflows === 0
        ? { state: 'unknown', evidence: ['there is no workflow'] }
        : {
            state: 'partly',
            evidence: [
              'no workflow takes a static key where a short-lived one can be had',
              'which secrets the forge holds is not in the repository',
            ],
          },
  },
  {
    id: 'egress-deny',
    title: 'Egress deny-by-default + destination allowlists',
    rules: [],
    judge: (facts) => recorded(facts, 'a gateway that denies what is not on its list'),
  },
  {
    id: 'profiles',
    title: 'Seccomp/profile enforcement active',
    rules: ['container-options'],
    judge: (facts) => recorded(facts, 'a sandbox whose walls were proven before it began'),
  },
  {
    id: 'quotas',
    title: 'Resource quotas and timeouts configured',
    rules: ['missing-timeout', 'unbounded-matrix'],
    judge: ({ jobs: all, records }) =>
      all === 0
        ? { state: 'unknown', evidence: ['there is no job'] }
        : {
            state: 'met',
            evidence: [
              'every job has a time limit',
              ...(records.limitsHit > 0
                ? [`limits ended something ${records.limitsHit} times in recorded runs`]
                : []),
            ],
          },
  },
  {
    id: 'provenance',
    title: 'Artifact signing/provenance verified at release',
    rules: [
      'release-without-provenance',
      'unverified-release',
      'cache-poisoning',
      'identity-beside-code',
      'release-without-environment',
    ],
    judge: ({ publishing }) =>
      publishing === 0
        ? { state: 'none', evidence: ['nothing here publishes, as far as is seen'] }
        : { state: 'met', evidence: [`${jobs(publishing)} publish, and attest or verify what they publish`] },
  },
  {
    id: 'incident-response',
    title: 'Incident response runbook tested',
    rules: [],
    judge: ({ runbooks }) =>
      runbooks.length === 0
        ? { state: 'unknown', evidence: ['no runbook is in the repository, and no exercise is recorded'] }
        : {
            state: 'unknown',
            evidence: [`there is ${runbooks.join(', ')}; that it was tried is recorded nowhere`],
          },
  },
];

/** Judges each item. A finding against it outweighs what else is seen; what nothing is known of is not known. */
export function judgeChecklist(facts: Facts): readonly ItemJudged[] {
  return ITEMS.map(({ id, title, rules, judge }) => {
    const against = facts.findings.filter(
      ({ rule, persona, severity }) => rules.includes(rule) && (persona !== 'auditor' || severity === 'high'),
    );
    const judged = judge(facts);
    if (against.length === 0) return { id, title, ...judged, findings: [] };
    const files = new Set(against.map(({ at }) => at.file)).size;
    const said = `${against.length} ${against.length === 1 ? 'finding speaks' : 'findings speak'} against it, in ${files} ${files === 1 ? 'file' : 'files'}`;
    return {
      id,
      title,
      state: 'open',
      evidence: [said, ...(judged.state === 'open' ? judged.evidence : [])],
      findings: against,
    };
  });
}
