import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { ProbeCheck } from '../contract.ts';

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
  'no-inherited-descriptor',
  'open-file-limit',
  'no-core-dumps',
  'raw-socket',
  'packet-socket',
  'vsock',
  'alg-socket',
  'reach-metadata',
  'reach-address',
  'reach-address-ipv6',
  'reach-by-datagram',
  'reach-by-datagram-ipv6',
] as const;

export interface ProbeReport {
  readonly checks: readonly ProbeCheck[];
  readonly probeMs: number;
}

const LINE = /^([a-z0-9-]{1,60})\t(attack|state)\t([01])\t([^\t\n]{0,200})$/;
const END = /^end\t(\d{1,12})$/;

/** Reads the probe's report. Anything that is not exactly a report, whole and with every check, is no proof. */
export function readReport(text: string): Result<ProbeReport, Refusal> {
  const lines = text.trimEnd().split('\n');
  const end = END.exec(lines.at(-1) ?? '');
  if (end?.[1] === undefined || lines.length > 200) return err(noProof('its report was cut short'));
  const checks: ProbeCheck[] = [];
  for (const line of lines.slice(0, -1)) {
    const match = LINE.exec(line);
    const [, id, kind, held, seen] = match ?? [];
    if (id === undefined || seen === undefined || checks.some((check) => check.id === id)) {
      return err(noProof('its report cannot be read'));
    }
    checks.push({ id, kind: kind === 'attack' ? 'attack' : 'state', held: held === '1', seen });
  }
  return ok({ checks, probeMs: Number(end[1]) / 1_000 });
}

/** The first thing that does not hold, as a refusal; undefined when all of it does. */
export function unheld(report: ProbeReport): Refusal | undefined {
  const missing = CHECKS.find((id) => !report.checks.some((check) => check.id === id));
  if (missing !== undefined) return noProof(`it did not make the check ${missing}`);
  const failed = report.checks.filter((check) => !check.held);
  if (failed.length === 0) return undefined;
  return noProof(`inside the sandbox, ${failed.map((check) => `${check.id} gave ${check.seen}`).join('; ')}`);
}

function noProof(why: string): Refusal {
  return refusal(
    'machine',
    'sandbox/not-armed',
    `the sandbox is not armed: ${why}`,
    'see what cofferdam doctor says of this machine',
  );
}
