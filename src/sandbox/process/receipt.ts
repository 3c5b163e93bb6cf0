import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { Controls } from '../../zone/index.ts';
import type { ProbeCheck } from '../contract.ts';
import type { RuntimeConfig } from '../oci/runtime-spec.ts';
import { loadModule, NOT_LOADED } from '../selinux/index.ts';
import { mountsUnlike, readMount, type SeenMount } from './mount-table.ts';

/** Every check that a receipt must hold; one that is missing counts as failed. */
export const CHECKS = [
  'write-root',
  'write-usr',
  'write-etc',
  'write-proc-sys',
  'write-sysrq',
  'read-own-environment-of-init',
  'read-memory-of-init',
  'read-kernel-memory',
  'reach-runtime-socket',
  'make-device',
  'root-read-only',
  'mount',
  'unmount',
  'open-tree',
  'join-namespace',
  'clone-namespace',
  'clone3',
  'take-descriptor',
  'user-namespace',
  'call-not-listed',
  'become-root',
  'change-root',
  'gain-capabilities',
  'trace-process-1',
  'read-process-1-by-call',
  'trace',
  'bpf',
  'perf-events',
  'userfaultfd',
  'io-uring',
  'huge-pages',
  'huge-page-files',
  'keyring',
  'load-module',
  'kexec',
  'read-other-memory',
  'open-by-handle',
  'push-terminal-input',
  'set-clock',
  'no-capabilities',
  'no-new-privileges',
  'seccomp-filter',
  'ordinary-user',
  'own-process-namespace',
  'host-root-not-mapped',
  'no-other-process',
  'only-loopback',
  'own-cgroup-namespace',
  'no-environment',
  'begins-in-root',
  'kernel-files-hidden',
  'kernel-settings-read-only',
  'no-inherited-descriptor',
  'open-file-limit',
  'no-core-dumps',
  'raw-socket',
  'packet-socket',
  'vsock',
  'netlink-socket',
  'alg-socket',
  'landlock',
  'reach-metadata',
  'reach-address',
  'reach-address-ipv6',
  'reach-by-datagram',
  'reach-by-datagram-ipv6',
] as const;

/** What only the confinement by Landlock stops: needed wherever the kernel has it. */
export const CONFINEMENT_CHECKS = [
  'write-beyond-ruleset',
  'signal-beyond-domain',
  'abstract-socket-beyond-domain',
] as const;
/** What process 1 tells besides when it was given a label of SELinux's for the job, and SELinux alone stops. */
export const LABEL_CHECKS = ['label-inside', 'executable-heap'] as const;
const SCOPES: readonly string[] = CONFINEMENT_CHECKS.slice(1);
/** What AppArmor's profile of the job stops too, whichever version of Landlock there is. */
const BY_PROFILE: readonly string[] = ['write-beyond-ruleset', 'signal-beyond-domain'];
/** And what the job's type does. */
const BY_LABEL: readonly string[] = ['signal-beyond-domain', 'abstract-socket-beyond-domain'];
/** Landlock's version that brought the scopes of signals and of abstract sockets (Linux 6.12). */
const SCOPES_ABI = 6;
/** Its first version forbids renaming between folders, and is not used. */
const LEAST_ABI = 2;

/** What the control side makes of the probe's facts and sees for itself; as needed as the probe's own. */
export const OUTER_CHECKS = [
  'mounts-as-planned',
  'mounts-from-planned-places',
  'open-files-as-planned',
  'shared-limits-as-planned',
  'users-as-planned',
  'private-user-namespace',
  'private-process-namespace',
  'private-mount-namespace',
  'private-ipc-namespace',
  'private-name-namespace',
  'private-cgroup-namespace',
  'gateway-network-namespace',
  'apparmor',
  'selinux',
  'namespace-limits',
] as const;

/** Of a kernel of its own: the host's shows that the walls around that kernel stand, and the kernel what is inside. */
const OWN_KERNEL_CHECKS = ['own-kernel', 'host-root-not-mapped-outside'] as const;

/** Questions about the host's kernel, which a job in a kernel of its own does not see. */
const SHARED_KERNEL_ONLY: readonly string[] = [
  'clone3',
  'host-root-not-mapped',
  'kernel-files-hidden',
  'kernel-settings-read-only',
  'mounts-from-planned-places',
  'namespace-limits',
  'private-cgroup-namespace',
  'users-as-planned',
];

/** The checks that a receipt must hold for a job that shares the host's kernel, or has one of its own. */
export function neededChecks(ownKernel: boolean): readonly string[] {
  return ownKernel
    ? [...CHECKS, ...OUTER_CHECKS, ...OWN_KERNEL_CHECKS].filter((id) => !SHARED_KERNEL_ONLY.includes(id))
    : [...CHECKS, ...OUTER_CHECKS];
}

export interface ProbeReport {
  readonly checks: readonly ProbeCheck[];
  readonly mounts: readonly SeenMount[];
  readonly probeMs: number;
}

const LINE = /^([a-z0-9-]{1,60})\t(attack|state)\t([01])\t([^\t\n]{0,200})$/;
const MOST_LINES = 2_000;
const END = /^end\t(\d{1,12})$/;

/** Reads the probe's report. Anything that is not exactly a report, whole and with every check, is no proof. */
export function readReport(text: string): Result<ProbeReport, Refusal> {
  const lines = text.trimEnd().split('\n');
  const end = END.exec(lines.at(-1) ?? '');
  if (end?.[1] === undefined || lines.length > MOST_LINES) return err(noProof('its report was cut short'));
  const checks: ProbeCheck[] = [];
  const mounts: SeenMount[] = [];
  for (const line of lines.slice(0, -1)) {
    const mount = readMount(line);
    if (mount !== undefined) {
      mounts.push(mount);
      continue;
    }
    const match = LINE.exec(line);
    const [, id, kind, held, seen] = match ?? [];
    if (id === undefined || seen === undefined || checks.some((check) => check.id === id)) {
      return err(noProof('its report cannot be read'));
    }
    checks.push({ id, kind: kind === 'attack' ? 'attack' : 'state', held: held === '1', seen });
  }
  return ok({ checks, mounts, probeMs: Number(end[1]) / 1_000 });
}

/** Of the probe's checks, those that say something about a job with a kernel of its own, or all. */
export function meantChecks(checks: readonly ProbeCheck[], ownKernel: boolean): readonly ProbeCheck[] {
  return checks.filter(({ id }) => !ownKernel || !SHARED_KERNEL_ONLY.includes(id));
}

/** In the order in which process 1 tells them. */
function sharedLimits({ process }: RuntimeConfig): string {
  return ['SIGPENDING', 'MSGQUEUE', 'RTPRIO', 'NICE']
    .map((name) => process.rlimits.find(({ type }) => type === `RLIMIT_${name}`)?.hard ?? 'none')
    .join(' ');
}

/** What the probe's facts say when held against the plan. */
export function plannedChecks(
  report: ProbeReport,
  config: RuntimeConfig,
  inside: (destination: string) => string,
  ownKernel = false,
): readonly ProbeCheck[] {
  const unlike = mountsUnlike(config, report.mounts, inside, ownKernel);
  const files = report.checks.find((check) => check.id === 'open-file-limit')?.seen ?? 'nothing';
  const most = config.process.rlimits.find((limit) => limit.type === 'RLIMIT_NOFILE')?.hard;
  const shared = report.checks.find((check) => check.id === 'shared-limits')?.seen ?? 'nothing';
  return [
    {
      id: 'mounts-as-planned',
      kind: 'state',
      held: unlike === undefined,
      seen: unlike ?? `${report.mounts.length} mounts`,
    },
    { id: 'open-files-as-planned', kind: 'state', held: files === String(most), seen: files },
    { id: 'shared-limits-as-planned', kind: 'state', held: shared === sharedLimits(config), seen: shared },
  ];
}

/**
 * The probe's checks with the word of `outside` on Landlock: the version that the kernel offers to a program outside of
 * the sandbox, 0 for none, undefined when that is not known. Where the kernel has none, its lack is said and the attacks
 * that only it stops are left out; where it has one, process 1 must have used it. `forJob`: the job has an AppArmor profile of that
 * name, or a label of SELinux's, which must stop some of the same; the label must be seen inside too.
 */
export function confinementChecks(
  checks: readonly ProbeCheck[],
  outside: number | undefined,
  forJob?: string,
): readonly ProbeCheck[] {
  const labelled = forJob?.includes(':') === true;
  const stopped = forJob === undefined ? [] : labelled ? BY_LABEL : BY_PROFILE;
  const armed = Number(/^ABI (\d+)$/.exec(checks.find(({ id }) => id === 'landlock')?.seen ?? '')?.[1] ?? 0);
  const has = outside ?? armed;
  const mine: readonly string[] = CONFINEMENT_CHECKS;
  const needed = [...CONFINEMENT_CHECKS, ...(labelled ? LABEL_CHECKS : [])];
  const missing = needed.filter((id) => !checks.some((check) => check.id === id));
  const made = [
    ...checks,
    ...missing.map((id) => ({ id, kind: 'attack', held: false, seen: 'nothing' }) as const),
  ];
  return made.flatMap((check) => {
    if (check.id === 'landlock' && has < LEAST_ABI)
      return [{ ...check, held: check.seen.startsWith('absent'), seen: absent(check.seen, has) }];
    if (check.id === 'landlock') return [{ ...check, held: check.held && armed >= has }];
    if (check.id === 'label-inside') return [{ ...check, held: check.held && check.seen === forJob }];
    if (!mine.includes(check.id)) return [check];
    if (stopped.includes(check.id)) return [check];
    return has < (SCOPES.includes(check.id) ? SCOPES_ABI : LEAST_ABI) ? [] : [check];
  });
}

function absent(seen: string, has: number): string {
  if (!seen.startsWith('absent')) return seen;
  return has === 0 ? 'absent: this kernel has none' : 'absent: this kernel\u2019s is too old to be used';
}

/** A second wall that the zone asks for and this sandbox is without. */
export function wallLacking(
  { zone, secondWalls }: Controls,
  checks: readonly ProbeCheck[],
): Refusal | undefined {
  const lacking = secondWalls.find(
    (wall) => checks.find(({ id }) => id === wall)?.seen.startsWith('absent') !== false,
  );
  if (lacking === undefined) return undefined;
  const seen = checks.find(({ id }) => id === lacking)?.seen ?? 'absent: not used in this version';
  return refusal(
    'machine',
    'isolation/second-wall',
    `zone ${zone} asks for ${lacking}, and it is ${seen}`,
    `${secondWallFix(lacking, seen) ?? `run it where the kernel has ${lacking}`}, or change zones.${zone}.isolation.secondWalls in your cofferdam.yaml`,
  );
}

/** The one command that raises a second wall that is absent, by what was seen of it; undefined when the kernel has none. */
export function secondWallFix(wall: string, seen: string): string | undefined {
  return wall === 'selinux' && seen.startsWith(NOT_LOADED) ? loadModule() : undefined;
}

/** Every check that does not hold or was not made, as a refusal; undefined when all of them hold. */
export function unheld(
  checks: readonly ProbeCheck[],
  ownKernel: boolean,
  further: readonly string[] = [],
): Refusal | undefined {
  return unheldOf(checks, [...neededChecks(ownKernel), ...further]);
}

/** The same, for a list of one's own. */
export function unheldOf(checks: readonly ProbeCheck[], needed: readonly string[]): Refusal | undefined {
  const missing = needed.find((id) => !checks.some((check) => check.id === id));
  if (missing !== undefined) return noProof(`the check ${missing} was not made`);
  const failed = checks.filter((check) => !check.held);
  if (failed.length === 0) return undefined;
  return noProof(failed.map((check) => `${check.id} gave ${check.seen}`).join('; '));
}

function noProof(why: string): Refusal {
  return refusal(
    'machine',
    'sandbox/not-armed',
    `the sandbox is not armed: ${why}`,
    'see what cofferdam doctor says of this machine',
  );
}
