import { join } from 'node:path';
import { err, ok, type Refusal, type Result } from '../../base/index.ts';
import type { Observation, Sandbox, SandboxRequest } from '../contract.ts';
import { InitSession } from '../process/session.ts';
import { GuestLine } from './guest-line.ts';
import { GuestTelemetry } from './guest-telemetry.ts';
import { type MachinePort, openMachinePort } from './machine-port.ts';
import type { Machine, MachineMonitor } from './monitor.ts';
import { MonitorProcess, notBooted } from './monitor-process.ts';

/** The streams to a guest, by the names of their ports there (native/microvm). */
const PORTS = ['init', 'guest', 'trace'] as const;

/** A guest in which the job's container was started, and nothing of the job's yet. */
export interface BootedGuest {
  readonly monitor: MonitorProcess;
  /** To process 1 of the job's container. */
  readonly session: InitSession;
  /** To process 1 of the guest. */
  readonly line: GuestLine;
  readonly telemetry: GuestTelemetry;
  readonly kernel: string;
  /** What is done to files where it is not seen. */
  readonly unwatched: readonly string[];
}

export type MachinePorts = Readonly<Record<(typeof PORTS)[number], MachinePort>>;

/** Listens for a machine's streams, in a folder that only the monitor and root can pass through. */
export async function listenForMachine(folder: string): Promise<MachinePorts> {
  const [init, guest, trace] = await Promise.all(PORTS.map((name) => openMachinePort(join(folder, name))));
  if (init === undefined || guest === undefined || trace === undefined) throw new Error('a port is missing');
  return { init, guest, trace };
}

/** As the monitor finds them, when the folder is at `folder` there. */
export function portsIn(folder: string): Machine['ports'] {
  return PORTS.map((name) => ({ name: `cofferdam.${name}`, socket: `${folder}/${name}` }));
}

/** Starts the machine in the monitor's own sandbox, and waits until the guest has started the job's container. */
export async function bootMachine(
  sandbox: Sandbox,
  start: { readonly monitor: MachineMonitor; readonly program: string; readonly machine: Machine },
  ports: MachinePorts,
  request: SandboxRequest,
  observe: (seen: Observation) => void,
  late: Promise<string>,
): Promise<Result<BootedGuest, Refusal>> {
  const monitor = new MonitorProcess(
    sandbox.start({
      stepId: 'machine',
      argv: start.monitor.command(start.program, start.machine),
      environment: { PATH: '/usr/bin:/bin' },
      workingDirectory: '/',
    }),
  );
  const streams = await monitor.brings(
    'the connections of its monitor',
    Promise.all([ports.init.connected, ports.guest.connected, ports.trace.connected]),
    late,
  );
  if (!streams.ok) return streams;
  const [init, guest, trace] = streams.value;
  const line = new GuestLine(guest);
  const session = new InitSession(init);
  const telemetry = new GuestTelemetry(trace, request, observe);
  const kernel = await monitor.brings('the word of its guest', line.booted, late);
  if (!kernel.ok) return kernel;
  const started = await monitor.brings(
    'its container',
    Promise.all([telemetry.reader.ready, line.started]),
    late,
  );
  if (!started.ok) return started;
  const [unready, first] = started.value;
  if (unready !== undefined) return err(notBooted(`its telemetry did not start: ${unready}`));
  const unwatched = await monitor.brings('its watch over files', telemetry.watch(first), late);
  if (!unwatched.ok) return unwatched;
  return ok({ monitor, session, line, telemetry, kernel: kernel.value, unwatched: unwatched.value });
}
