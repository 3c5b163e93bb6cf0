import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { type ChosenRuntime, type ContainerRuntime, findProgram } from '../choose-runtime.ts';
import type { Sandbox, SandboxReceipt, SandboxRequest } from '../contract.ts';
import { Cgroup } from '../oci/cgroup.ts';
import { openSandbox as openContainer, type OpenSandboxOptions } from '../oci/open-sandbox.ts';
import { runtimeVersion } from '../oci/runtime-version.ts';
import { type HostFacts, readHostFacts } from '../plan/host-facts.ts';
import { profileUnfit } from '../profiles/index.ts';
import { armMachine } from './arm-machine.ts';
import { bootMachine, listenForMachine } from './boot-machine.ts';
import { guestImage } from './guest-image.ts';
import { guestFolder, guestKernel } from './guest-kernel.ts';
import { type GuestPlan, layGuest, placesIn, planGuest } from './lay-guest.ts';
import { openLink } from './link.ts';
import { machineOf, machineRequest } from './machine-request.ts';
import { guestMemory } from './machine-size.ts';
import { microvmSandbox, Undo } from './microvm-sandbox.ts';
import { layKvm } from './kvm-node.ts';
import { forgetVerdict } from './kvm-verdict.ts';
import type { MachineMonitor } from './monitor.ts';
import { settleAcceleration } from './settle-acceleration.ts';
import { TRY_MS, verdictOn } from './try-kvm.ts';
import { STOOD_STILL } from './monitor-process.ts';
import { qemu } from './qemu.ts';

type Options = OpenSandboxOptions<ChosenRuntime>;

/** A translated machine boots in three to five seconds, on a busy one of two processors in half a minute. */
const BOOT_MS = 90_000;
/** How long each boot may take, of as many as are tried. */
const BOOTS = [BOOT_MS, BOOT_MS] as const;

/** As many as `OpenSandboxOptions.idSlot` has; the one for the other half of it is a try's, for as long as that lasts. */
const ID_SLOTS = 8_192;

/** By what a machine is run, and how long a try of KVM may last. */
interface How {
  readonly monitor: MachineMonitor;
  readonly tryMs: number;
}

/** What a machine is made of, found before anything is made. */
interface Parts {
  readonly kernel: string;
  readonly initramfs: string;
  /** Starts the monitor's sandbox outside, and the job's container inside. */
  readonly container: ContainerRuntime;
}

/**
 * Opens a microVM: the monitor is a process in a hardened container of its own, armed like a job's; in the guest that it runs,
 * the job's container is started by the same runtime from the same plan, and its process 1 tries its walls there. Gives a
 * sandbox whose receipt holds the checks of both, or a refusal with nothing left behind. Needs root.
 *
 * A guest that falls silent while it boots is taken away and made once more, from nothing and with the same walls and proofs;
 * the receipt says so, and its kernel tells all, so that a second silence names how far it came. Whatever else fails is a refusal at once.
 */
export async function openMicrovm(
  request: SandboxRequest,
  options: Options,
  [firstMs, secondMs]: readonly [number, number] = BOOTS,
  monitor: MachineMonitor = qemu,
  tryMs = TRY_MS,
): Promise<Result<Sandbox, Refusal>> {
  const first = await openOnce(request, options, { monitor, tryMs }, firstMs);
  if (first.ok || first.error.rule !== STOOD_STILL) return first;
  const second = await openOnce(request, options, { monitor, tryMs }, secondMs, first.error.why);
  if (second.ok || second.error.rule !== STOOD_STILL) return second;
  return err({ ...second.error, why: `${second.error.why}, twice` });
}

async function openOnce(
  request: SandboxRequest,
  options: Options,
  how: How,
  bootMs: number,
  bootedAgain?: string,
): Promise<Result<Sandbox, Refusal>> {
  const undo = new Undo(options.directory);
  try {
    const host = readHostFacts();
    if (host.uid !== 0 || host.rootless !== undefined) return err(notRoot());
    if (host.architecture !== 'x64') return err(otherArchitecture(host.architecture));
    const places = placesIn(options.directory);
    const guest = planGuest(request, host, places, options.idSlot);
    if (!guest.ok) return guest;
    const unfit = profileUnfit(guest.value.plan.profile, options.runtime.name, request.root);
    if (unfit !== undefined) return err(unfit);
    const parts = await partsOf();
    if (!parts.ok) return parts;
    const laid = await layGuest(request, guest.value, places);
    if (!laid.ok) return await undo.refuse(laid.error);
    const boot = { withinMs: bootMs, ...(bootedAgain !== undefined && { bootedAgain }) };
    return await openLaid(request, options, how, parts.value, guest.value, host, undo, boot);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return undo.refuse(cannotPrepare(why));
  }
}

async function partsOf(): Promise<Result<Parts, Refusal>> {
  const program = findProgram('runc');
  if (program === undefined) return err(noRunc());
  const kernel = guestKernel();
  if (!kernel.ok) return kernel;
  const image = await guestImage(kernel.value, program, guestFolder());
  if (!image.ok) return image;
  return ok({ kernel: kernel.value.image, initramfs: image.value, container: { name: 'runc', program } });
}

async function openLaid(
  request: SandboxRequest,
  options: Options,
  { monitor, tryMs }: How,
  parts: Parts,
  guest: GuestPlan,
  host: HostFacts,
  undo: Undo,
  boot: { readonly withinMs: number; readonly bootedAgain?: string },
): Promise<Result<Sandbox, Refusal>> {
  const { sockets, machine: directory, root } = placesIn(options.directory);
  const processors = availableParallelism();
  const { name, program } = options.runtime;
  const ports = await listenForMachine(sockets);
  undo.ports.push(ports.init, ports.guest, ports.trace);
  if (options.namespace !== undefined && !(await options.namespace)) return undo.refuse(noNamespace());
  const link = await openLink(request.networkNamespace, join(sockets, 'link'));
  if (!link.ok) return undo.refuse(link.error);
  undo.link = link.value;
  const settled = await settleAcceleration(
    request.controls.isolation.acceleration ?? 'auto',
    request.controls.zone,
    () =>
      verdictOn(
        {
          request,
          guest,
          parts: { ...parts, sockets },
          monitor,
          program,
          directory: join(options.directory, 'guest'),
          emptyNamespace: link.value.emptyNamespace,
          idSlot: (options.idSlot + ID_SLOTS / 2) % ID_SLOTS,
          host,
        },
        tryMs,
      ),
  );
  if (!settled.ok) return undo.refuse(settled.error);
  const { acceleration } = settled.value;
  const device =
    acceleration === 'kvm'
      ? await layKvm(join(options.directory, 'guest/kvm'), guest.plan.hostUid)
      : undefined;
  if (device?.ok === false) return undo.refuse(device.error);
  const around = await openContainer(
    machineRequest(request, guest, { ...parts, sockets }, link.value.emptyNamespace, processors),
    {
      directory,
      runtime: parts.container,
      idSlot: options.idSlot,
      // The monitor is the only program in it, and may start no other.
      telemetry: false,
      observe: () => undefined,
      ...(device !== undefined && { kvm: device.value }),
    },
  );
  if (!around.ok) return undo.refuse(around.error);
  undo.machine = around.value;
  // Its probe would ask in vain, each time to the end.
  if (options.gateway !== undefined && !(await options.gateway)) return undo.refuse(noGateway());
  const late = sleep(boot.withinMs, `within ${boot.withinMs / 1_000} s`, { ref: false });
  const machine = machineOf(request, acceleration, processors, boot.bootedAgain !== undefined);
  const booted = await bootMachine(
    around.value,
    { monitor, program, machine },
    ports,
    request,
    options.observe,
    late,
  );
  if (!booted.ok) {
    // What worked in a try and not here is tried again before the next.
    if (acceleration === 'kvm') forgetVerdict(guestFolder());
    return undo.refuse(booted.error);
  }
  undo.guest = booted.value;
  const id = `${request.runId}-${request.jobId}`.toLowerCase();
  const cgroup = new Cgroup(host, `${host.cgroupParent}/${id}`);
  const armed = await armMachine(request, guest, root, booted.value, around.value.receipt, cgroup, late);
  if (!armed.ok) return undo.refuse(armed.error);
  const version = await runtimeVersion(program);
  const receipt: SandboxReceipt = {
    runtime: { name, version, tier: 'microvm' },
    machine: {
      ...settled.value,
      kernel: booted.value.kernel,
      runtime: `${parts.container.name} ${around.value.receipt.runtime.version}`,
      memoryBytes: guestMemory(request.controls.limits),
      ...(boot.bootedAgain !== undefined && { bootedAgain: boot.bootedAgain }),
    },
    root: request.root.kind === 'host' ? request.root : { kind: 'image', digest: request.root.digest },
    limitsUnenforced: guest.plan.limitsUnenforced,
    // It starts the monitor's container and, in the guest, the job's.
    knownFlaws: around.value.receipt.knownFlaws,
    ...(guest.plan.profile !== undefined && {
      profile: { name: guest.plan.profile.name, price: guest.plan.profile.price },
    }),
    unseen: booted.value.unwatched.join('; '),
    ...armed.value,
  };
  return ok(
    microvmSandbox(
      {
        around: around.value,
        guest: booted.value,
        link: link.value,
        cgroup,
        receipt,
        workspacePath: request.workspace.path,
      },
      undo,
    ),
  );
}

function notRoot(): Refusal {
  return refusal(
    'machine',
    'sandbox/not-root',
    'only root can make a microVM and its link to the gateway here',
    'run the same command with sudo',
  );
}

function otherArchitecture(architecture: string): Refusal {
  return refusal(
    'machine',
    'microvm/architecture',
    `a microVM needs an x86-64 machine in this version, and this is ${architecture}`,
    'ask for another tier',
  );
}

function noRunc(): Refusal {
  return refusal(
    'machine',
    'sandbox/no-runtime',
    'a microVM needs runc, and this machine has none',
    'apt-get install runc',
  );
}

function noNamespace(): Refusal {
  return refusal(
    'machine',
    'sandbox/no-namespace',
    'the network namespace of the job was not made',
    'see what cofferdam doctor says of this machine',
  );
}

function noGateway(): Refusal {
  return refusal(
    'machine',
    'sandbox/no-gateway',
    'the gateway of the job is not armed',
    'see what cofferdam doctor says of this machine',
  );
}

function cannotPrepare(why: string): Refusal {
  return refusal(
    'machine',
    'sandbox/cannot-prepare',
    `the microVM's own files could not be made: ${why}`,
    'see that /run has room and can be written',
  );
}
