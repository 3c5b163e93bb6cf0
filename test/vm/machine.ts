import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Boot } from './boots.ts';
import { initramfs } from './initramfs.ts';

/** What leads from the first file system to the root. */
const MODULES = ['virtio_pci', 'virtiofs', 'virtio_blk', 'overlay', 'virtio_rng'];
/** C's and Rust's; both take the same words. */
const SHARERS = ['/usr/lib/qemu/virtiofsd', '/usr/libexec/virtiofsd'];
const DISK_BYTES = 8 * 2 ** 30;
const SOCKET_WITHIN_MS = 20_000;

export interface Places {
  /** A private folder for this machine. */
  readonly folder: string;
  /** Its results are written there. */
  readonly results: string;
  readonly top: string;
  readonly kernel: string;
  readonly busybox: string;
}

/** Starts the machine, tells every line of its console, and gives back when it is off or its time is up. */
export async function bootMachine(
  boot: Boot,
  places: Places,
  withinMs: number,
  line: (text: string) => void,
): Promise<'off' | 'late'> {
  const { folder } = places;
  const disk = join(folder, 'disk');
  const initrd = join(folder, 'initrd');
  mkdirSync(join(folder, 'root'), { recursive: true });
  writeFileSync(
    initrd,
    initramfs(places.kernel, places.busybox, join(places.top, 'test/vm/guest/init.sh'), MODULES),
  );
  execFileSync('truncate', ['-s', String(DISK_BYTES), disk]);
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', disk], { stdio: 'ignore' });
  const sharer = SHARERS.find((path) => existsSync(path));
  if (sharer === undefined) throw new Error('no virtiofsd on this machine: apt-get install virtiofsd');
  // The project as it is now: what is edited meanwhile must not change a machine that runs.
  const project = join(folder, 'project');
  mkdirSync(project);
  const entries = readdirSync(places.top).filter((name) => name !== 'node_modules' && name !== '.git');
  execFileSync('cp', ['-a', '--', ...entries.map((name) => join(places.top, name)), project]);
  const shares = {
    root: '/',
    project,
    packages: join(places.top, 'node_modules'),
    results: places.results,
    modules: join(places.kernel, 'modules'),
  };
  const running: ChildProcess[] = [];
  try {
    for (const [tag, path] of Object.entries(shares)) running.push(share(sharer, folder, tag, path));
    await Promise.all(Object.keys(shares).map((tag) => appears(join(folder, `${tag}.sock`))));
    const machine = spawn(
      ...withUs(['qemu-system-x86_64', ...qemuArguments(boot, places, Object.keys(shares), disk, initrd)]),
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    running.push(machine);
    const console_ = createWriteStream(join(places.results, 'console'));
    let rest = '';
    for (const stream of [machine.stdout, machine.stderr])
      stream.on('data', (chunk: Buffer) => {
        console_.write(chunk);
        const lines = (rest + chunk.toString('utf8')).split('\n');
        rest = lines.pop() ?? '';
        for (const text of lines) line(text.trimEnd());
      });
    const off = new Promise<'off'>((resolve) => machine.once('exit', () => resolve('off')));
    const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), withinMs).unref());
    const ended = await Promise.race([off, late]);
    console_.end();
    return ended;
  } finally {
    for (const child of running) child.kill('SIGKILL');
  }
}

/** Of the root only what lies in its own file system: nothing of /proc, /sys or /dev of this machine. */
function share(sharer: string, folder: string, tag: string, path: string): ChildProcess {
  const serve = [sharer, `--socket-path=${join(folder, `${tag}.sock`)}`, '-o', 'cache=always', '-o'];
  const bound = 'mount --bind / "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"';
  return tag === 'root'
    ? spawn(
        ...withUs([
          'unshare',
          '--mount',
          '--propagation',
          'private',
          'sh',
          '-c',
          bound,
          'sh',
          join(folder, 'root'),
          ...serve,
          `source=${join(folder, 'root')}`,
        ]),
        { stdio: 'ignore' },
      )
    : spawn(...withUs([...serve, `source=${path}`]), { stdio: 'ignore' });
}

/** A command that ends with this process, however that ends. */
function withUs(words: readonly string[]): readonly [string, readonly string[]] {
  return ['setpriv', ['--pdeathsig', 'KILL', '--', ...words]];
}

function qemuArguments(
  boot: Boot,
  places: Places,
  tags: readonly string[],
  disk: string,
  initrd: string,
): readonly string[] {
  const words = [
    'console=ttyS0',
    'quiet',
    'panic=-1',
    'random.trust_cpu=on',
    `vm.cgroup=${boot.cgroup}`,
    `vm.init=${boot.init}`,
  ];
  const append = [...words, ...boot.parameters].join(' ');
  const shares = tags.flatMap((tag) => [
    `-chardev socket,id=${tag},path=${join(places.folder, tag)}.sock`,
    `-device vhost-user-fs-pci,chardev=${tag},tag=${tag},queue-size=1024`,
  ]);
  const devices = [
    // Emulation, whatever this machine has: a /dev/kvm that exists may hang.
    // One processor: two take a third more of this machine's for the same work.
    '-machine q35,accel=tcg,memory-backend=memory -cpu max -smp 1 -m 4G',
    '-object memory-backend-memfd,id=memory,size=4G,share=on',
    '-nodefaults -no-user-config -nographic -no-reboot -serial stdio -nic none',
    `-drive file=${disk},if=none,id=disk,format=raw,cache=unsafe -device virtio-blk-pci,drive=disk`,
    '-device virtio-rng-pci',
    ...shares,
  ].flatMap((row) => row.split(' '));
  return [...devices, '-kernel', join(places.kernel, 'vmlinuz'), '-initrd', initrd, '-append', append];
}

async function appears(path: string): Promise<void> {
  for (const until = Date.now() + SOCKET_WITHIN_MS; Date.now() < until; await sleep(10))
    if (existsSync(path)) return;
  throw new Error(`virtiofsd did not start: ${path}`);
}
