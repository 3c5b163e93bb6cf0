import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { archive, type Written } from '../../src/sandbox/image/archive.fixture.ts';
import { Layout } from '../../src/sandbox/image/layout.fixture.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { leftBehindAfter } from './left-behind.fixture.ts';
import { IDS_HERE, MACHINE, OrdinaryUser, UID } from './ordinary-user.fixture.ts';

/** A shell and a few programs of this machine, with the libraries that they need, where an image has them. */
const SHELL: readonly Written[] = ['sh', 'cat', 'ls', 'id', 'touch', 'head'].flatMap((name) => {
  const linked = execFileSync('ldd', [realpathSync(`/bin/${name}`)]).toString();
  const paths = [`/bin/${name}`, ...[...linked.matchAll(/(\/\S+) \(0x/gu)].map(([, path]) => path ?? '')];
  return paths.map((path) => ({
    path: path.slice(1),
    content: readFileSync(realpathSync(path)),
    mode: 0o755,
  }));
});

let user: OrdinaryUser;
beforeEach(() => {
  user = new OrdinaryUser();
});
afterEach(() => user.remove());

interface Receipt {
  readonly runtime: { readonly name: string };
  readonly checks: readonly { readonly id: string; readonly held: boolean; readonly seen: string }[];
  readonly limits: Readonly<Record<string, number>>;
  readonly limitsUnenforced: readonly string[];
  readonly weakerLimits?: readonly { readonly limit: string; readonly by: string }[];
  readonly rootless?: unknown;
}

/** The sandbox's receipt in the newest record. */
async function receipt(): Promise<Receipt> {
  const { stdout } = await user.cofferdam('one', 'audit', 'show', 'latest', '--json');
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; control?: string; receipt?: Receipt });
  const armed = events.find(({ type, control }) => type === 'policy.armed' && control === 'sandbox');
  if (armed?.receipt === undefined) throw new Error(`no receipt in ${stdout}`);
  return armed.receipt;
}

describe.each(IDS_HERE)('an ordinary user with ids: %s,', (ids) => {
  test('is refused a job whose limits cannot be held, with each of them and what would mend it', async () => {
    const ran = await user.cofferdam(ids, 'run', join(user.directory, 'package/examples/hello'));
    expect(ran.status, ran.stdout + ran.stderr).toBe(69);
    expect(ran.stdout).toMatch(/memoryBytes, cpus, pids/);
    expect(ran.stdout).toContain('acceptUnenforced: [memory, cpus, pids]');
    expect((await user.cofferdam(ids, 'exec', '--', 'true')).status).toBe(125);
    expect(await leftBehindAfter([user.directory])).toEqual([]);
  });

  test('runs a command on a copy of a folder, as its owner, and the folder stays as it was', async () => {
    user.acceptLack();
    user.put('work/mine', 'before\n', 0o600);
    const script =
      'id -u; cat mine; echo after >mine; mkdir new; touch new/file; stat -c %u mine new/file; exit 7';
    const ran = await user.cofferdam(ids, 'exec', '--', 'sh', '-c', script);
    expect(ran.stdout).toBe('1001\nbefore\n1001\n1001\n');
    expect(ran.status, ran.stderr).toBe(7);
    expect(readFileSync(join(user.work, 'mine'), 'utf8')).toBe('before\n');
    const diff = await user.cofferdam(ids, 'workspace', 'diff', '--stat');
    expect(diff.stdout).toContain('2 added, 1 modified');
    const { stdout } = await user.cofferdam(ids, 'audit', 'verify', 'latest');
    expect(stdout).toContain('whole');
    const seen = await receipt();
    expect(seen.rootless).toEqual({ jobUser: 'yours', groupsKept: 0, controlGroup: false });
    expect(seen.checks.filter(({ held }) => !held)).toEqual([]);
    expect(await leftBehindAfter([user.directory])).toEqual([]);
  });

  test('applies what a command changed, removals too, as files of its own', async () => {
    user.acceptLack();
    user.put('work/goes', 'x');
    const script = 'rm goes; mkdir -p kept/deep; echo made >kept/deep/file';
    const ran = await user.cofferdam(ids, 'exec', '--apply', 'always', '--', 'sh', '-c', script);
    expect(ran.status, ran.stderr).toBe(0);
    expect(readdirSync(user.work)).toEqual(['kept']);
    const made = lstatSync(join(user.work, 'kept/deep/file'));
    expect(made.uid).toBe(lstatSync(user.work).uid);
  });

  test('runs a workflow, in which nothing that cannot be held is called held', async () => {
    user.acceptLack();
    const ran = await user.cofferdam(ids, 'run', join(user.directory, 'package/examples/hello'));
    expect(ran.status, ran.stdout + ran.stderr).toBe(0);
    expect(ran.stdout).toContain('PASSED');
    const seen = await receipt();
    expect(seen.runtime.name).toBe(ids === 'one' ? 'crun' : 'runc');
    expect(seen.rootless).toMatchObject({ jobUser: ids === 'one' ? 'yours' : 'its own' });
    expect(seen.limitsUnenforced).toEqual(['memoryBytes', 'cpus', 'pids']);
    for (const limit of seen.limitsUnenforced) expect(seen.limits).not.toHaveProperty(limit);
    expect(seen.weakerLimits?.map(({ by }) => by)).toEqual(['RLIMIT_NPROC', 'RLIMIT_DATA']);
  });

  test('gives a job nothing of what the user can reach: files, processes, the network', async () => {
    user.acceptLack();
    const secret = user.put('secret', 'CANARY', 0o600);
    const attack = `cat ${secret} /proc/1/environ; ls /proc | grep -c '^[0-9]'; touch ${user.home}/left
python3 -c "import socket; socket.create_connection(('198.51.100.1', 80), 3).recv(1)"
cat /proc/self/status | grep -E 'Cap(Eff|Bnd|Prm)'; unshare -U true; mount -t tmpfs none /tmp; true`;
    // The same user outside of it can.
    expect((await user.run(ids, 'cat', secret)).stdout).toBe('CANARY');
    const ran = await user.cofferdam(ids, 'exec', '--', 'sh', '-c', attack);
    expect(ran.stdout + ran.stderr).not.toContain('CANARY');
    expect(existsSync(join(user.home, 'left'))).toBe(false);
    expect(ran.stdout.match(/Cap\w+:\t0{16}$/gm)).toHaveLength(3);
    expect(ran.stderr).toContain('CONTAINED');
    expect(ran.stderr).toContain('198.51.100.1:80');
  });

  test('keeps none of its groups in a job, or says how many the kernel lets nobody drop', async () => {
    user.acceptLack();
    user.groups = [4, 27, 999];
    const ran = await user.cofferdam(ids, 'exec', '--', 'id', '-G');
    expect(ran.status, ran.stderr).toBe(0);
    expect(ran.stdout).toBe(ids === 'one' ? '1001 65534\n' : '1001\n');
    expect((await receipt()).rootless).toMatchObject({ groupsKept: ids === 'one' ? 3 : 0 });
    if (ids === 'one') expect(ran.stderr).toContain('3 of your groups');
  });

  test('lets no job forge the marks by which its copy tells what is gone', async () => {
    user.acceptLack();
    mkdirSync(join(user.work, 'kept'));
    chownSync(join(user.work, 'kept'), UID, UID);
    user.put('work/kept/file', 'x');
    const forge = `import os
os.mkdir('kept/new')
for name in ('opaque', 'redirect', 'whiteout', 'metacopy', 'origin'):
    for path in ('kept', 'kept/new', 'kept/file'):
        try: os.setxattr(path, 'user.overlay.' + name, b'y')
        except OSError: pass
print(os.listdir('kept'))`;
    const ran = await user.cofferdam(ids, 'exec', '--', 'python3', '-c', forge);
    expect(ran.status, ran.stderr).toBe(0);
    expect(ran.stdout).toContain('file');
    const { stdout } = await user.cofferdam(ids, 'workspace', 'diff', '--stat');
    expect(stdout).toContain('+ kept/new/');
    expect(stdout).not.toContain('- kept');
    expect((await user.cofferdam(ids, 'workspace', 'apply')).status).toBe(0);
    expect(readFileSync(join(user.work, 'kept/file'), 'utf8')).toBe('x');
  });

  test('runs the programs of an OCI image, which no job can change', async () => {
    user.acceptLack();
    const layout = new Layout(join(user.home, 'image'));
    layout.add({ layers: [archive(...SHELL, { path: 'etc/os-release', content: 'ID=small' })] });
    const script =
      'id -u; cat /etc/os-release; ls /usr/bin 2>&1 | head -n 1; touch /bin/x /etc/x; touch mine; ls';
    const ran = await user.cofferdam(ids, 'exec', '--root-image', layout.directory, '--', 'sh', '-c', script);
    expect(ran.stdout, ran.stderr).toMatch(/^1001\nID=small/);
    expect(ran.stdout).toMatch(/^mine$/m);
    expect(ran.stderr.match(/Read-only file system/g)).toHaveLength(2);
  });

  test('is believed in its own configuration below folders of root’s, and not in a stranger’s', async () => {
    user.acceptLack();
    expect((await user.cofferdam(ids, 'exec', '--', 'true')).status).toBe(0);
    const stranger = join(user.directory, 'stranger.yaml');
    writeFileSync(stranger, 'version: 1\n', { mode: 0o644 });
    chownSync(stranger, 65_000, 65_000);
    const ran = await user.cofferdam(ids, 'exec', '--config', stranger, '--', 'true');
    expect(ran.status).toBe(125);
    expect(ran.stderr).toContain('config/operator-file');
  });

  test('leaves nothing when it is killed in the middle, and the next run is as the first', async () => {
    user.acceptLack();
    const child = user.start(ids, [
      user.launcher,
      'exec',
      '--',
      'sh',
      '-c',
      'echo ready; sleep 4321',
      user.directory,
    ]);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const pid = child.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    expect(await leftBehindAfter([user.directory])).toEqual([]);
    expect((await user.cofferdam(ids, 'exec', '--', 'true')).status).toBe(0);
    expect((await user.cofferdam(ids, 'audit', 'log')).stdout).toContain('unfinished');
    const runs = readdirSync(join(user.state, 'runs'));
    expect(runs.filter((id) => existsSync(join(user.state, 'running', id)))).toEqual([]);
  });

  test('passes Ctrl-C on to the command', async () => {
    user.acceptLack();
    const child = user.start(ids, [user.launcher, 'exec', '--', 'sh', '-c', 'echo ready; exec sleep 4322']);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await sleep(100);
    child.kill('SIGINT');
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(130);
  });
});

// With one id there is no other user to whom the machine could refuse it.
describe.each(IDS_HERE.filter((ids) => ids === 'range'))(
  'a machine on which %s users make no namespaces',
  (ids) => {
    test('is named by doctor and by a run, with the setting and the command that changes it', async () => {
      // The setting is of each user namespace: this one stands for the machine.
      const machine =
        'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --reuid 7 --regid 7 --clear-groups "$@"';
      // Made by that user itself, as root of the real machine is a stranger there.
      const state = `/dev/shm/${basename(user.directory)}`;
      const rootless = join(user.directory, 'package/native/bin', MACHINE, 'rootless');
      const within = (...words: readonly string[]) =>
        user.run(ids, rootless, 'run', '/bin/sh', '-c', machine, 'sh', ...words);
      for (const words of [['doctor'], ['exec', '--workdir', user.work, '--', 'true']]) {
        const ran = await within('env', `COFFERDAM_STATE=${state}`, user.launcher, ...words);
        expect(ran.status, ran.stdout + ran.stderr).toBe(words[0] === 'exec' ? 125 : 69);
        expect(ran.stdout + ran.stderr).toContain('user.max_user_namespaces is 0');
        expect(ran.stdout + ran.stderr).toContain('sudo sysctl -w user.max_user_namespaces=15000');
      }
      rmSync(state, { recursive: true, force: true });
    });
  },
);
