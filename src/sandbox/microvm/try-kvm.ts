import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerRuntime } from '../choose-runtime.ts';
import type { RunningProcess, Sandbox, SandboxRequest } from '../contract.ts';
import { Cgroup } from '../oci/cgroup.ts';
import { openSandbox as openContainer } from '../oci/open-sandbox.ts';
import type { HostFacts } from '../plan/host-facts.ts';
import { hostIds } from '../plan/host-ids.ts';
import { sandboxName, TRY } from '../plan/sandbox-name.ts';
import type { GuestPlan } from './lay-guest.ts';
import { KVM_PATH } from '../plan/kvm-device.ts';
import { guestFolder } from './guest-kernel.ts';
import { kvmAbsent, layKvm } from './kvm-node.ts';
import { KeptVerdict, type KvmVerdict, processNow } from './kvm-verdict.ts';
import { machineOf, machineRequest } from './machine-request.ts';
import type { MachineMonitor } from './monitor.ts';
import { MonitorProcess } from './monitor-process.ts';

/** What process 1 says of a machine that ran (native/microvm/guest.c): the sum of what it wrote into its pages. */
const RAN = 'microvm: ran 32640';
/** By KVM a kernel boots within two seconds. */
export const TRY_MS = 20_000;
/** A process that the kernel does not let go is not waited for. */
const ENDED_MS = 30_000;
const MEMORY_BYTES = 256 * 2 ** 20;
const MOST_PROCESSORS = 4;
const MOST_SAID = 65_536;

/** What is tried, in which places of a sandbox that is to be opened. */
export interface KvmTry {
  readonly request: SandboxRequest;
  readonly guest: GuestPlan;
  readonly parts: {
    readonly kernel: string;
    readonly initramfs: string;
    readonly sockets: string;
    readonly container: ContainerRuntime;
  };
  readonly monitor: MachineMonitor;
  readonly program: string;
  /** A folder that is there, passed through by every user; the try's own is made in it. */
  readonly directory: string;
  /** Of the monitor. */
  readonly emptyNamespace: string;
  readonly idSlot: number;
  readonly host: HostFacts;
}

/** The verdict that is kept, or that of a try which is then kept. */
export async function verdictOn(tried: KvmTry, withinMs: number): Promise<KvmVerdict> {
  const absent = kvmAbsent();
  if (absent !== undefined) return { usable: false, why: absent };
  const { parts, program } = tried;
  const files = [program, parts.kernel, parts.initramfs, parts.container.program, KVM_PATH];
  const kept = new KeptVerdict(guestFolder(), files);
  const known = kept.read();
  if (known !== undefined) return known;
  const found = await tryKvm(tried, withinMs);
  kept.keep(found);
  return found;
}

/**
 * Tries KVM: boots the guest's own kernel by it, in a sandbox of the very kind that a job's monitor is in, with nothing of a
 * job's shown, and waits for the word of its process 1. What hangs is killed when the time is over; what does not end then is
 * named, and neither waited for nor tried again as long as it is there.
 */
export async function tryKvm(tried: KvmTry, withinMs: number): Promise<KvmVerdict> {
  const { request, guest, parts, directory, host, emptyNamespace } = tried;
  // The sandbox that follows has other ids: of this one, processes may stay.
  const { user } = hostIds(host, tried.idSlot, { path: '/' });
  const node = await layKvm(join(directory, 'device'), user);
  if (!node.ok) return { usable: false, why: node.error.why };
  const processors = Math.min(availableParallelism(), MOST_PROCESSORS);
  const own: SandboxRequest = {
    ...machineRequest(request, { ...guest, shown: [], written: [] }, parts, emptyNamespace, processors),
    runId: sandboxName(request.runId, request.jobId),
    jobId: TRY,
    probeName: `kvm.${request.probeName}`,
    readPaths: [
      { hostPath: parts.kernel, path: '/vm/kernel', file: true },
      { hostPath: parts.initramfs, path: '/vm/initramfs', file: true },
    ],
    workspace: { path: '/vm/write/work' },
  };
  const opened = await openContainer(own, {
    directory: join(directory, 'try'),
    runtime: parts.container,
    idSlot: tried.idSlot,
    telemetry: false,
    observe: () => undefined,
    kvm: node.value,
  });
  if (!opened.ok) return { usable: false, why: `its sandbox could not be armed: ${opened.error.why}` };
  const { link: _none, ...machine } = machineOf(request, 'kvm', processors, true);
  const running = opened.value.start({
    stepId: 'try-kvm',
    argv: tried.monitor.command(tried.program, {
      ...machine,
      tries: true,
      memoryBytes: MEMORY_BYTES,
      shares: [],
      ports: [],
    }),
    environment: { PATH: '/usr/bin:/bin' },
    workingDirectory: '/',
  });
  const late = sleep(withinMs, `within ${withinMs / 1_000} s`, { ref: false });
  const outcome = await new MonitorProcess(running).outcome('the word of a guest', wordOf(running), late);
  const unsaid = 'value' in outcome ? undefined : 'late' in outcome ? outcome.late : outcome.why;
  const cgroup = new Cgroup(host, `${host.cgroupParent}/${sandboxName(own.runId, own.jobId).toLowerCase()}`);
  const stuck = await ended(opened.value, cgroup);
  if (unsaid === undefined && stuck.length === 0) return { usable: true };
  const why = [...(unsaid === undefined ? [] : [unsaid]), ...stuck.map(({ tells }) => tells)].join('; ');
  return { usable: false, why, ...(stuck.length > 0 && { stuck: stuck.map(({ is }) => is) }) };
}

function wordOf(running: RunningProcess): Promise<true> {
  let said = '';
  return new Promise((resolve) => {
    running.stdout.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('latin1')).slice(-MOST_SAID);
      if (said.includes(RAN)) resolve(true);
    });
  });
}

/** Takes the try's sandbox away, and gives the processes that stay all the same. */
async function ended(
  sandbox: Sandbox,
  cgroup: Cgroup,
): Promise<readonly { readonly is: string; readonly tells: string }[]> {
  await Promise.race([sandbox.destroy(), sleep(ENDED_MS, undefined, { ref: false })]);
  return cgroup.processes().map((pid) => {
    const { is = `${pid}:`, state = '?' } = processNow(pid) ?? {};
    return { is, tells: `its process ${pid} does not end (state ${state})` };
  });
}
