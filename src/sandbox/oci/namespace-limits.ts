import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { ProbeCheck } from '../contract.ts';
import { nativeProgram } from '../native-program.ts';

/** Of what the machine gives its own root, which made the namespace and is charged for it, the part that one job may have. */
const PART = 4;
/** What most distributions set for an instance, and for watches. */
const USUAL = { instances: 128, watches: 8_192 } as const;
/** By the flag of unshare(2). */
const NAMESPACES = {
  user: 0x1000_0000,
  mnt: 0x0002_0000,
  pid: 0x2000_0000,
  net: 0x4000_0000,
  ipc: 0x0800_0000,
  uts: 0x0400_0000,
  cgroup: 0x0200_0000,
  time: 0x80,
} as const;
const WITHIN_MS = 30_000;
const MAX_SAID = 400;

/** What a job may make, by the names of `/proc/sys/user` (namespaces(7), inotify(7)); `own`: flags of those that it may. */
export function namespaceLimits(own: number): Readonly<Record<string, number>> {
  const none = Object.entries(NAMESPACES).filter(([, flag]) => Math.floor(own / flag) % 2 === 0);
  return {
    max_inotify_instances: part('instances'),
    max_inotify_watches: part('watches'),
    // A second wall behind the filter: whatever call it is asked by, the kernel makes none.
    ...Object.fromEntries(none.map(([name]) => [`max_${name}_namespaces`, 0])),
  };
}

function part(of: keyof typeof USUAL): number {
  const most = Number(read(`/proc/sys/fs/inotify/max_user_${of}`) ?? USUAL[of]);
  return Math.max(1, Math.floor(most / PART));
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Sets the limits of a sandbox's user namespace, which only who made it can, and reads them back. The kernel counts such
 * objects for the job, and for the user outside who made its namespace: without a limit one job takes what root has.
 */
export function limitNamespace(
  initPid: number,
  limits: Readonly<Record<string, number>>,
): Promise<ProbeCheck> {
  const words = Object.entries(limits).map(([name, value]) => `${name}=${value}`);
  const child = spawn(nativeProgram('limits'), [String(initPid), ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: WITHIN_MS,
    env: {},
    cwd: '/',
  });
  let said = '';
  const take = (chunk: Buffer): void => {
    if (said.length < MAX_SAID) said += chunk.toString('utf8');
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  return new Promise((resolve) => {
    const done = (held: boolean, seen: string): void =>
      resolve({ id: 'namespace-limits', kind: 'state', held, seen: seen.trim().replaceAll(/\s+/g, ' ') });
    child.on('error', (error) => done(false, error.message));
    // Every kernel that a sandbox can be made with knows how to limit user namespaces.
    child.on('close', (status) => done(status === 0 && said.startsWith('max_'), said || `status ${status}`));
  });
}
