import { spawn } from 'node:child_process';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { nativeProgram } from '../native-program.ts';

/** A machine with twenty others to serve takes its time. */
const READY_MS = 30_000;
const MOST_SAID = 1_024;

/** The interface through which a guest's packets reach the gateway's network namespace. */
export interface Link {
  /** An empty network namespace, for the monitor: all that it can reach is the link. */
  readonly emptyNamespace: string;
  /** Settles when it ends; from then on the guest has no network. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

/** Makes the link's end in the namespace and waits for the monitor at `socket` (native/microvm/link.c). Needs root. */
export async function openLink(namespace: string, socket: string): Promise<Result<Link, Refusal>> {
  const child = spawn(nativeProgram('microvm'), ['link', namespace, socket], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {},
    cwd: '/',
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < MOST_SAID) said += chunk.toString('utf8');
  });
  child.stdin.on('error', () => undefined);
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) =>
      resolve(said.trim() || `it ended with ${signal ?? `status ${code}`}`),
    );
  });
  const ready = new Promise<true>((resolve) => child.stdout.once('data', () => resolve(true)));
  const late = new Promise<string>((resolve) => {
    setTimeout(() => resolve('it took too long'), READY_MS).unref();
  });
  const outcome = await Promise.race([ready, ended, late]);
  const close = async (): Promise<void> => {
    child.stdin.end();
    child.kill('SIGKILL');
    await ended;
  };
  if (outcome === true) return ok({ emptyNamespace: `/proc/${child.pid}/ns/net`, ended, close });
  await close();
  return err(
    refusal(
      'machine',
      'microvm/link',
      `the link between guest and gateway could not be made: ${outcome}`,
      'see that the kernel has the module tun (modprobe tun), and that /dev/net/tun is there',
    ),
  );
}
