import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Cgroup, readHostFacts } from '../../sandbox/index.ts';
import type { ReplayRuntime } from '../replay.ts';
import type { FromGround, SideRun } from './side-run.ts';

const WITHIN_MS = 90_000;
/** A machine boots, is translated, and may get no more than a part of a processor. */
const MICROVM_WITHIN_MS = 600_000;
const NAMESPACES = '--net --mount --pid --ipc --uts --fork --kill-child --propagation private'.split(' ');

/**
 * Makes a machine of its own of the namespaces that it is started in: every file is a copy that is written to memory, devices
 * are nodes of its own, as crun gives those that it is started with to the job's user, and every address of every network is
 * its own. Arguments after `--`: the program. Before: further mounts to show.
 */
const MAKE = `set -e
mount -t tmpfs -o mode=755,size=2g replay /run
mkdir /run/upper /run/work /run/root
mount -t overlay -o lowerdir=/,upperdir=/run/upper,workdir=/run/work replay /run/root
while [ "$1" != -- ]; do
  mkdir -p "/run/root$1" 2>/dev/null || true
  if mount --bind "$1" "/run/root$1" 2>/dev/null; then mount -o remount,bind,ro "/run/root$1" 2>/dev/null || true; fi
  shift
done
shift
mount -t proc proc /run/root/proc
mount --rbind /sys /run/root/sys
mount -t tmpfs -o mode=755,size=1m,nosuid replay /run/root/dev
cd /run/root/dev
for node in 'null 1 3' 'zero 1 5' 'full 1 7' 'random 1 8' 'urandom 1 9' 'kmsg 1 11' 'tty 5 0'; do
  set -- $node "$@"
  if ! mknod -m 666 "$1" c "$2" "$3" 2>/dev/null; then : >"$1"; mount --bind "/dev/$1" "$1"; fi
  shift 3
done
mkdir net
# The link of a microVM is made with it.
if [ -e /dev/net/tun ] && ! mknod -m 600 net/tun c 10 200 2>/dev/null; then : >net/tun; mount --bind /dev/net/tun net/tun; fi
ln -s /proc/self/fd fd
ln -s pts/ptmx ptmx
mkdir pts shm mqueue
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts pts
mount -t tmpfs -o mode=1777,size=16m replay shm
mount -t mqueue mqueue mqueue
mount -t tmpfs -o mode=755,size=1g replay /run/root/run
mkdir -p /run/root/run/replay /run/root/run/old
cd /run/root
pivot_root . run/old
umount -l /run/old
ip link set lo up
ip route add local 0.0.0.0/0 dev lo
ip -6 route add local ::/0 dev lo 2>/dev/null || true
"$@"
exit $?`;

const OWN = ['/proc', '/sys', '/dev', '/run'];

/** Mounts of this machine that hold files which the programs in the ground may need. */
export function shownMounts(mountinfo: string): readonly string[] {
  return mountinfo
    .split('\n')
    .flatMap((line) => {
      const path = line.split(' ')[4]?.replace(/\\040/g, ' ');
      return path === undefined || path === '/' ? [] : [path];
    })
    .filter((path) => !OWN.some((own) => path === own || path.startsWith(`${own}/`)));
}

function groundProgram(): string {
  const bundled = join(import.meta.dirname, 'replay-ground.mjs');
  return existsSync(bundled) ? bundled : join(import.meta.dirname, 'ground-process.ts');
}

/**
 * Runs one side of a case in a throwaway machine; all of that is gone when this settles, also when it was aborted. `patience`:
 * how many times as long as on an ordinary machine is waited.
 */
export async function runInGround(
  attack: string,
  one: string,
  side: 'off' | 'on',
  runtime: ReplayRuntime,
  signal: AbortSignal,
  patience = 1,
): Promise<SideRun> {
  const token = randomBytes(6).toString('hex');
  const child = spawn(
    'unshare',
    [
      ...NAMESPACES,
      'sh',
      '-c',
      MAKE,
      'replay',
      ...shownMounts(readFileSync('/proc/self/mountinfo', 'utf8')),
      '--',
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      groundProgram(),
      attack,
      one,
      side,
      token,
      runtime.name,
      runtime.program ?? '',
      String(patience),
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        ...placesOfGuests(process.env),
      },
      // A Ctrl-C is for us; the ground is ended by us.
      detached: true,
    },
  );
  const stop = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', stop);
  const timer = setTimeout(stop, (runtime.name === 'qemu' ? MICROVM_WITHIN_MS : WITHIN_MS) * patience);
  if (signal.aborted) stop();
  let said = '';
  let told = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    if (said.length < 4_096) said += chunk.toString('utf8');
  });
  child.stdio[3]?.on('data' as never, (chunk: Buffer) => {
    if (told.length < 1_048_576) told += chunk.toString('utf8');
  });
  const cause = await new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, by) => resolve(said.trim().slice(-500) || `it ended with ${by ?? code}`));
  });
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
  const messages = told.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as FromGround]));
  await removeGroups([
    ...messages.flatMap((message) => (message.kind === 'group' ? [message.name] : [])),
    ...[0, 1, 2, 3].map((index) => `replay-${token}-${index}`),
  ]);
  const ended = messages.find((message) => message.kind === 'ended');
  return ended?.side ?? { failure: `the throwaway machine ended early: ${cause}`, durationMs: 0 };
}

/** Where a kernel for guests lies, when the operator keeps it elsewhere than usual. */
function placesOfGuests(environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const kernel = environment['COFFERDAM_GUEST_KERNEL'];
  return {
    XDG_CACHE_HOME: environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
    ...(kernel !== undefined && { COFFERDAM_GUEST_KERNEL: kernel }),
  };
}

/** Control groups are the one thing of a ground that the end of its namespaces does not take. */
async function removeGroups(names: readonly string[]): Promise<void> {
  const host = readHostFacts();
  for (const name of names) {
    const cgroup = new Cgroup(host, `${host.cgroupParent}/${name.toLowerCase()}`);
    await cgroup.empty(3_000);
    cgroup.remove();
  }
}
