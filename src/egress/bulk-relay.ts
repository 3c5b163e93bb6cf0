import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { nativeProgram } from './native-program.ts';

/** A connection that has carried this much is worth a process of its own. */
const BULK_BYTES = 4 * 1024 * 1024;
const MAX_PROCESSES = 64;
const ENDING_MS = 500;

const running = new Map<ChildProcess, Promise<Carried>>();
let program: number | undefined;

/** Opens the relay's program while we may; without it, every connection stays where it is. */
export function prepareRelay(): void {
  try {
    program = openSync(nativeProgram('relay'), 'r');
  } catch {
    program = undefined;
  }
}

/** Ends every relay, each of which tells what it carried; gives up on one that does not. */
export async function endRelays(): Promise<void> {
  for (const child of running.keys()) child.kill('SIGTERM');
  await Promise.race([Promise.all(running.values()), sleep(ENDING_MS, undefined, { ref: false })]);
}

interface Ends {
  readonly client: Socket;
  readonly far: Socket;
}

/** Bytes that a relay carried, each way. */
export interface Carried {
  readonly outward: number;
  readonly inward: number;
}

/** Told with what the relay will have carried, and how to end it before. */
type Instead = (carried: Promise<Carried>, end: () => void) => void;

/**
 * Watches a connection of which nothing more is to be checked, and hands it to the native relay once it proves large: from
 * then on its bytes stay in the kernel. `instead` is told with what the relay will have carried; its promise settles when
 * the connection has ended. A connection that cannot be handed over stays where it is, which is slower and not weaker.
 */
export function handOverWhenLarge(ends: Ends, instead: Instead): void {
  const { client, far } = ends;
  let stopped = false;
  const look = (): void => {
    if (stopped || client.bytesRead + far.bytesRead < BULK_BYTES) return;
    client.off('data', look);
    far.off('data', look);
    stopped = true;
    if (program !== undefined && running.size < MAX_PROCESSES) settle(ends, instead);
  };
  client.on('data', look);
  far.on('data', look);
}

/** Brings the sockets to a moment in which everything that was read was also written, and hands them over in it. */
function settle({ client, far }: Ends, instead: Instead): void {
  client.unpipe(far);
  far.unpipe(client);
  client.pause();
  far.pause();
  const alive = (): boolean =>
    ![client, far].some((one) => one.destroyed || one.readableEnded || one.writableEnded);
  const step = (): void => {
    if (!alive()) {
      restore({ client, far });
      return;
    }
    for (const [from, to] of [
      [client, far],
      [far, client],
    ] as const) {
      const bytes = to.writableLength === 0 ? (from.read() as Buffer | null) : null;
      if (bytes !== null) to.write(bytes);
    }
    const slow = [client, far].find((one) => one.writableLength > 0);
    if (slow !== undefined) {
      // Its reader takes its time: an empty write is told when all before it was taken.
      slow.write('', () => setImmediate(step));
      return;
    }
    if ([client, far].some((one) => one.readableLength > 0)) {
      setImmediate(step);
      return;
    }
    // What the kernel has is still in the kernel: nothing is read between this moment and the one in which we let go.
    const carried = alive() ? handOver({ client, far }) : undefined;
    if (carried === undefined) restore({ client, far });
    else instead(carried.carried, carried.end);
  };
  step();
}

/** As it was before: a direction that ended meanwhile ends on the other side too. */
function restore({ client, far }: Ends): void {
  client.pipe(far, { end: false });
  far.pipe(client, { end: false });
  if (client.readableEnded) far.end();
  if (far.readableEnded) client.end();
}

/** Undefined when the relay could not be started: both sockets are then as they were. */
function handOver({
  client,
  far,
}: Ends): { readonly carried: Promise<Carried>; readonly end: () => void } | undefined {
  const child = spawn(`/proc/self/fd/${program}`, [String(process.pid)], {
    stdio: ['ignore', 'pipe', 'ignore', client, far],
    env: {},
  });
  child.on('error', () => undefined);
  if (child.pid === undefined) return undefined;
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    if (said.length < 100) said += chunk.toString('latin1');
  });
  const carried = new Promise<Carried>((resolve) => {
    child.once('close', () => {
      running.delete(child);
      const [outward = Number.NaN, inward = Number.NaN] = said.trim().split(' ').map(Number);
      resolve({ outward, inward });
    });
  });
  running.set(child, carried);
  // The relay has descriptors of its own: closing ours sends nothing.
  client.destroy();
  far.destroy();
  // It resets neither side; both see their connection end.
  return { carried, end: () => void child.kill('SIGTERM') };
}
