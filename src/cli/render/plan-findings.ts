import { visible } from '../../audit/index.ts';
import type { JobZone } from '../../engine/index.ts';
import type { Finding } from '../../gate/index.ts';

/** What of a finding is left when its job runs here, in the words of its controls. */
const HERE: Readonly<Record<string, (zone: JobZone) => string>> = {
  'template-injection': contained,
  'untrusted-checkout': contained,
  'environment-file-injection': contained,
  'shell-evaluation': contained,
  'unverified-download': contained,
  'cache-poisoning': ({ controls }) => `reads caches of ${controls.caches.read.join(', ') || 'no zone'}`,
  'excessive-permissions': token,
  'secrets-inherit': secrets,
  'overprovisioned-secrets': secrets,
  'self-hosted-runner': ({ controls }) =>
    `runs in a sandbox that is thrown away, at least a ${controls.isolation.floor}`,
  'container-options': () => 'containers are not started here: the job is refused',
  'missing-timeout': ({ controls }) => `ends after ${controls.limits.jobTimeoutMs / 60_000} minutes`,
  'persisted-credentials': token,
  'unpinned-uses': () => 'no action is fetched here: what is not known is refused',
};

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

/** The findings of a workflow beside what enforcement makes of each. */
export function renderPlanFindings(
  findings: readonly Finding[],
  zoneOf: (job: string | undefined) => JobZone | undefined,
): string {
  return findings
    .map(({ severity, rule, at, message, job }) => {
      const zone = zoneOf(job);
      const here = zone === undefined ? undefined : HERE[rule]?.(zone);
      return [
        `  found ${severity.padEnd(7)} ${rule}  ${visible(`${at.file}:${at.line}`, 500)}  ${visible(message, 400)}\n`,
        here === undefined ? '' : `    here        ${visible(here, 400)}\n`,
      ].join('');
    })
    .join('');
}
