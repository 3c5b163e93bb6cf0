import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { ProbeCheck } from '../contract.ts';
import type { RuntimeConfig } from '../oci/runtime-spec.ts';
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
  'become-root',
  'change-root',
  'gain-capabilities',
  'trace',
  'bpf',
  'perf-events',
  'userfaultfd',
  'io-uring',
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
  'reach-metadata',
  'reach-address',
  'reach-address-ipv6',
  'reach-by-datagram',
  'reach-by-datagram-ipv6',
] as const;

/** What the control side makes of the probe's facts and sees for itself; as needed as the probe's own. */
export const OUTER_CHECKS = [
  'mounts-as-planned',
  'mounts-from-planned-places',
  'open-files-as-planned',
  'private-user-namespace',
  'private-process-namespace',
  'private-mount-namespace',
  'private-ipc-namespace',
  'private-name-namespace',
  'private-cgroup-namespace',
  'gateway-network-namespace',
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
  'private-cgroup-namespace',
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
  return [
    {
      id: 'mounts-as-planned',
      kind: 'state',
      held: unlike === undefined,
      seen: unlike ?? `${report.mounts.length} mounts`,
    },
    { id: 'open-files-as-planned', kind: 'state', held: files === String(most), seen: files },
  ];
}

/** Every check that does not hold or was not made, as a refusal; undefined when all of them hold. */
export function unheld(checks: readonly ProbeCheck[], ownKernel: boolean): Refusal | undefined {
  const missing = neededChecks(ownKernel).find((id) => !checks.some((check) => check.id === id));
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
