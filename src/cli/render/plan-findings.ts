import { visible } from '../../audit/index.ts';
import type { JobZone } from '../../engine/index.ts';
import type { Finding } from '../../gate/index.ts';

type Here = (zone: JobZone) => string;

const notFetched: Here = () => 'no action is fetched here: what is not known is refused';

/** What of a finding is left when its job runs here, in the words of its controls. */
const HERE: Readonly<Record<string, Here>> = {
  'template-injection': contained,
  'untrusted-checkout': contained,
  'environment-file-injection': contained,
  'shell-evaluation': contained,
  'unverified-download': contained,
  'adhoc-packages': contained,
  'install-scripts-in-privileged-job': contained,
  'comment-command': contained,
  'approval-race': contained,
  'dangerous-triggers': contained,
  'cache-poisoning': ({ controls }) => `reads caches of ${controls.caches.read.join(', ') || 'no zone'}`,
  'excessive-permissions': token,
  'persisted-credentials': token,
  'automatic-merge': token,
  'secret-reach': secrets,
  'secrets-inherit': secrets,
  'overprovisioned-secrets': secrets,
  'secrets-outside-environment': secrets,
  'unredacted-secrets': secrets,
  'long-lived-credentials': secrets,
  'github-app-token': secrets,
  'self-hosted-runner': thrownAway,
  'shared-runners': thrownAway,
  'container-options': () => 'containers are not started here: the job is refused',
  'container-limits': () => 'containers are not started here: the job is refused',
  'missing-timeout': ({ controls }) => `ends after ${controls.limits.jobTimeoutMs / 60_000} minutes`,
  'unpinned-uses': notFetched,
  'archived-uses': notFetched,
  'known-vulnerable-actions': notFetched,
  'impostor-commit': notFetched,
  'ref-confusion': notFetched,
  'typosquatted-uses': notFetched,
};
const NOTHING = 'nothing here changes it';

function thrownAway({ controls }: JobZone): string {
  return `runs in a sandbox that is thrown away, at least a ${controls.isolation.floor}`;
}

function contained(zone: JobZone): string {
  const { egress } = zone.controls;
  const hosts = egress.allow.length === 0 ? 'no way out' : `a way out to what is allowed by name alone`;
  return `runs in zone ${zone.zone}: ${secrets(zone)}, ${token(zone)}, ${hosts}`;
}

function secrets({ controls }: JobZone): string {
  const { allow } = controls.secrets;
  return allow.length === 0 ? 'no secret is given' : `given at most the secrets ${allow.join(', ')}`;
}

function token({ controls }: JobZone): string {
  const writes = Object.entries(controls.tokenPermissions).filter(([, level]) => level === 'write');
  return writes.length === 0
    ? 'a token that writes nothing'
    : `a token that may write ${writes.map(([scope]) => scope).join(', ')}`;
}

/** The run that is planned, as far as findings are of it. */
export interface PlannedRun {
  readonly event: string;
  readonly runs: boolean;
  readonly zoneOf: (job: string | undefined) => JobZone | undefined;
}

/** The findings of a workflow beside what enforcement makes of each; of one that does not run, only how many there are. */
export function renderPlanFindings(findings: readonly Finding[], run: PlannedRun): string {
  const [first] = findings;
  if (!run.runs)
    return first === undefined
      ? ''
      : `  ${findings.length} found, and none is of this run   (cofferdam check ${visible(first.at.file, 500)})\n`;
  return findings
    .map((finding) => {
      const { severity, rule, at, message } = finding;
      return [
        `  found ${severity.padEnd(7)} ${rule}  ${visible(`${at.file}:${at.line}`, 500)}  ${visible(message, 400)}\n`,
        `    here        ${visible(left(finding, run), 400)}\n`,
      ].join('');
    })
    .join('');
}

/** What is left of a finding in this run. */
function left({ rule, job, events }: Finding, { event, zoneOf }: PlannedRun): string {
  if (events !== undefined && !events.includes(event))
    return `not on ${event}: it takes ${events.join(', ')}`;
  const zone = zoneOf(job);
  return zone === undefined || !Object.hasOwn(HERE, rule) ? NOTHING : (HERE[rule]?.(zone) ?? NOTHING);
}
