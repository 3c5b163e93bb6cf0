import { EXCHANGE_PATH } from '../plan/plan-sandbox.ts';
import type { SandboxRequest } from '../contract.ts';
import { portsIn } from './boot-machine.ts';
import { SHARES } from './guest-config.ts';
import type { GuestPlan } from './lay-guest.ts';
import { guestMemory, guestProcessors, machineControls } from './machine-size.ts';
import type { Acceleration, Machine } from './monitor.ts';

/** Where the parts of a machine lie in the monitor's own sandbox. */
const KERNEL = '/vm/kernel';
const INITRAMFS = '/vm/initramfs';
const SOCKETS = '/vm/sockets';
/** native/microvm/microvm.c */
const HARDWARE = '02:cf:00:00:00:02';

/** The machine of a job, on a host of so many processors. */
export function machineOf(
  { controls }: SandboxRequest,
  acceleration: Acceleration,
  processors: number,
  talks: boolean,
): Machine {
  return {
    acceleration,
    kernel: KERNEL,
    initramfs: INITRAMFS,
    talks,
    memoryBytes: guestMemory(controls.limits),
    processors: guestProcessors(controls.limits, processors),
    shares: [
      { tag: 'read', path: SHARES.read, readOnly: true },
      { tag: 'write', path: SHARES.write, readOnly: false },
      // Of the monitor's sandbox, whose exchange folder becomes the job's.
      { tag: 'exchange', path: EXCHANGE_PATH, readOnly: false },
    ],
    ports: portsIn(SOCKETS),
    link: { socket: `${SOCKETS}/link`, hardware: HARDWARE },
  };
}

/** The monitor's own sandbox: it is shown what the guest is to be shown, what the machine is made of, and nothing else. */
export function machineRequest(
  request: SandboxRequest,
  guest: GuestPlan,
  parts: { readonly kernel: string; readonly initramfs: string; readonly sockets: string },
  networkNamespace: string,
  processors: number,
): SandboxRequest {
  return {
    ...request,
    controls: machineControls(request.controls, processors),
    root: { kind: 'host' },
    workspace: { ...request.workspace, path: `${SHARES.write}/work` },
    readPaths: [
      ...guest.shown,
      { hostPath: parts.kernel, path: KERNEL, file: true },
      { hostPath: parts.initramfs, path: INITRAMFS, file: true },
      { hostPath: parts.sockets, path: SOCKETS },
    ],
    writePaths: guest.written,
    files: [],
    temporary: [],
    networkNamespace,
    // Its own question, so that only the guest's can be taken for the guest's.
    probeName: `monitor.${request.probeName}`,
    hostname: 'machine',
  };
}
