import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Refusal, type Result } from '../../base/index.ts';
import type { LimitName } from '../../zone/index.ts';
import type { ProbeCheck, SandboxReceipt, SandboxRequest } from '../contract.ts';
import { resolveInside } from '../oci/bound-places.ts';
import type { Cgroup } from '../oci/cgroup.ts';
import { limitsUnheld } from '../oci/limits-held.ts';
import type { RuntimeConfig } from '../oci/runtime-spec.ts';
import { INIT_PATH } from '../plan/plan-sandbox.ts';
import { checksOf, notServed, profileChecks, usableLandlock } from '../process/profile-checks.ts';
import type { Profile } from '../profiles/index.ts';
import {
  CHECKS,
  confinementChecks,
  plannedChecks,
  readReport,
  unheldOf,
  wallLacking,
} from '../process/receipt.ts';
import type { BootedGuest } from './boot-machine.ts';
import { RESOLVER } from './guest-config.ts';
import type { GuestPlan } from './lay-guest.ts';

const ANSWER_MS = 30_000;
const WATCHED_MS = 5_000;

/** The loopback and the link: as the guest has no other interface, a job sees two. */
const INTERFACES = '2 interfaces';
const LINK_CHECK = 'only-the-link';
const OF_A_CONTAINER = 'only-loopback';
const NEEDED = [
  ...CHECKS.filter((id) => id !== OF_A_CONTAINER),
  LINK_CHECK,
  'mounts-as-planned',
  'open-files-as-planned',
  'executions-are-seen',
];

/**
 * Has process 1 of the job's container try its walls in the guest, and holds what it tells against the plan; then sets and reads
 * back the limits: of memory and processes those of the guest's kernel, of processor time that of the machine as a whole,
 * outside. `around` is what was proven of the monitor's own sandbox.
 */
export async function armMachine(
  request: SandboxRequest,
  { plan, config }: GuestPlan,
  root: string,
  guest: BootedGuest,
  around: SandboxReceipt,
  cgroup: Cgroup,
  late: Promise<string>,
): Promise<Result<Pick<SandboxReceipt, 'checks' | 'probeMs' | 'limits'>, Refusal>> {
  const { maskedPaths, readonlyPaths } = config.linux;
  const kernelFiles = { hidden: maskedPaths, readOnly: readonlyPaths };
  const text = await guest.monitor.brings(
    'the report of its probe',
    guest.session.probe(request.probeName, kernelFiles, plan.writable, plan.profile, undefined, RESOLVER),
    late,
  );
  if (!text.ok) return text;
  const { reader } = guest.telemetry;
  const seen = {
    landlock: reader.landlock,
    first: await Promise.race([reader.first, sleep(WATCHED_MS, undefined, { ref: false })]),
  };
  const proven = guestChecks(text.value, config, seen, (path) => resolveInside(root, path), plan.profile);
  if (!proven.ok) return proven;
  const lacking = wallLacking(request.controls, proven.value.checks);
  if (lacking !== undefined) return err(lacking);
  if (plan.limits.cpus !== undefined) cgroup.holdCpus(plan.limits.cpus);
  const use = await guest.line.use(ANSWER_MS);
  const { cpus } = cgroup.limits();
  const { workspaceBytes, workspaceInodes } = around.limits;
  const held: Partial<Record<LimitName, number>> = {
    ...(use?.memoryLimit !== undefined && { memoryBytes: use.memoryLimit }),
    ...(use?.pidsLimit !== undefined && { pids: use.pidsLimit }),
    ...(cpus !== undefined && { cpus }),
    ...(workspaceBytes !== undefined && { workspaceBytes }),
    ...(workspaceInodes !== undefined && { workspaceInodes }),
  };
  const loose = limitsUnheld(plan.limits, held);
  if (loose !== undefined) return err(loose);
  const outer = around.checks.map((check) => ({ ...check, id: `monitor-${check.id}` }));
  return ok({
    checks: [...proven.value.checks, ...outer],
    probeMs: proven.value.probeMs,
    limits: { ...plan.limits, ...held },
  });
}

/**
 * What the probe inside the guest says, held against the plan. `landlock` is what the guest's kernel offers outside of the
 * job's container, `first` the first program that the guest's telemetry saw.
 */
export function guestChecks(
  text: string,
  config: RuntimeConfig,
  seen: { readonly landlock: number; readonly first: string | undefined },
  inside: (destination: string) => string,
  profile?: Profile,
): Result<{ readonly checks: readonly ProbeCheck[]; readonly probeMs: number }, Refusal> {
  const report = readReport(text);
  if (!report.ok) return report;
  const watched = seen.first === INIT_PATH;
  const made: readonly ProbeCheck[] = [
    ...confinementChecks(report.value.checks, usableLandlock(seen.landlock, profile)),
    ...plannedChecks(report.value, config, inside),
    { id: 'executions-are-seen', kind: 'state', held: watched, seen: watched ? 'process 1' : 'nothing' },
  ];
  const linked = made.map((check) =>
    check.id === OF_A_CONTAINER ? { ...check, id: LINK_CHECK, held: check.seen === INTERFACES } : check,
  );
  const checks = profileChecks(linked, profile);
  const bad = notServed(checks, profile) ?? unheldOf(checks, [...NEEDED, ...checksOf(profile)]);
  return bad === undefined ? ok({ checks, probeMs: report.value.probeMs }) : err(bad);
}
