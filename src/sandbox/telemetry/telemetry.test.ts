import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Observation, ObservedProcess } from '../contract.ts';
import { executionRules, socketRules } from './notify-rules.ts';
import { OciBundle, finish, firstLine } from './oci-bundle.fixture.ts';
import { type Telemetry, startTelemetry } from './telemetry.ts';

const RULES = [...executionRules(true), ...socketRules(true)];

interface Watched {
  readonly bundle: OciBundle;
  readonly telemetry: Telemetry;
  readonly seen: Observation[];
}

const watched: Watched[] = [];

async function watch(): Promise<Watched> {
  const bundle = await OciBundle.make();
  const seen: Observation[] = [];
  const started = await startTelemetry({
    directory: join(bundle.directory, 'telemetry'),
    observe: (observation) => seen.push(observation),
  });
  if (!started.ok) throw new Error(started.error.why);
  const all = { bundle, telemetry: started.value, seen };
  watched.push(all);
  return all;
}

async function watchRun(...args: readonly string[]) {
  const all = await watch();
  await all.bundle.configure(args, all.telemetry.listenerPath, RULES);
  const finished = await all.bundle.run();
  await all.telemetry.close();
  return { ...all, ...finished };
}

function processes(seen: readonly Observation[]): ObservedProcess[] {
  return seen.flatMap((observation) => (observation.kind === 'process' ? [observation.process] : []));
}

function gaps(seen: readonly Observation[]): string[] {
  return seen.flatMap((observation) => (observation.kind === 'gap' ? [observation.why] : []));
}

/** The trace program that serves a socket, found by its argument: the product keeps its id to itself. */
function tracePid(listenerPath: string): number {
  const pid = readdirSync('/proc').find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const [program, path] = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return program?.endsWith('/trace') === true && path === listenerPath;
    } catch {
      return false;
    }
  });
  if (pid === undefined) throw new Error('no trace program runs');
  return Number(pid);
}

afterEach(async () => {
  for (const { bundle, telemetry } of watched.splice(0)) {
    await bundle.remove();
    await telemetry.close();
    expect(existsSync(telemetry.listenerPath)).toBe(false);
  }
});

describe('process telemetry', () => {
  it('sees every process of a tree of 200, with its arguments and its parent', async () => {
    const script =
      'i=0; while [ $i -lt 100 ]; do sh -c "/usr/bin/true leaf $i; :" branch; i=$((i+1)); done; echo $$';
    const { code, seen, stdout } = await watchRun('/bin/sh', '-c', script);
    expect(code).toBe(0);
    expect(stdout).toBe('1\n');
    const all = processes(seen);
    expect(all).toHaveLength(201);
    expect(all[0]).toMatchObject({ pid: 1, parent: 0, argv: ['/bin/sh', '-c', script], truncated: false });
    const branches = all.filter((process) => process.argv.at(-1) === 'branch');
    const leaves = all.filter((process) => process.argv[1] === 'leaf');
    expect(branches.map((process) => process.parent)).toEqual(Array.from({ length: 100 }, () => 1));
    expect(leaves.map((process) => process.argv)).toEqual(
      Array.from({ length: 100 }, (_, index) => ['/usr/bin/true', 'leaf', String(index)]),
    );
    expect(leaves.map((process) => process.parent)).toEqual(branches.map((process) => process.pid));
    expect(gaps(seen)).toEqual([]);
  });

  it('counts a search along PATH as one process, and reports a program that was nowhere', async () => {
    const script = `
import os
if os.fork() == 0: os.execvp('true', ['true', 'found'])
os.wait()
if os.fork() == 0:
    try: os.execv('/usr/bin/no-such-program', ['no-such-program'])
    finally: os._exit(0)
os.wait()`;
    const { seen } = await watchRun('/usr/bin/python3', '-c', script);
    const [, ...tried] = processes(seen);
    expect(tried.map(({ argv, executable, notFound }) => ({ argv, executable, notFound }))).toEqual([
      { argv: ['true', 'found'], executable: '/usr/bin/true', notFound: undefined },
      { argv: ['no-such-program'], executable: '/usr/bin/no-such-program', notFound: true },
    ]);
  });

  it('sees processes that the runtime starts in a running sandbox, and their parent is outside', async () => {
    const { bundle, telemetry, seen } = await watch();
    await bundle.configure(['/bin/sh', '-c', 'echo up; read line; exit 7'], telemetry.listenerPath, RULES);
    const running = bundle.start();
    await firstLine(running);
    for (const step of ['one', 'two']) expect((await bundle.exec('/usr/bin/true', step)).code).toBe(0);
    expect((await finish(running)).code).toBe(7);
    await telemetry.close();
    const steps = processes(seen).slice(1);
    expect(steps.map(({ parent, argv }) => ({ parent, argv }))).toEqual([
      { parent: 0, argv: ['/usr/bin/true', 'one'] },
      { parent: 0, argv: ['/usr/bin/true', 'two'] },
    ]);
  });

  it('cuts a megabyte of arguments and says so, and the program gets all of it', async () => {
    const script = `
import os
if os.fork() == 0: os.execv('/usr/bin/python3', ['python3', '-c', 'import sys; print(sum(map(len, sys.argv)))'] + ['x' * 100000] * 10)
os.wait()
if os.fork() == 0: os.execv('/usr/bin/true', ['true'] + ['y'] * 5000)
os.wait()`;
    const { seen, stdout } = await watchRun('/usr/bin/python3', '-c', script);
    expect(Number(stdout)).toBeGreaterThan(1_000_000);
    const [, long, many] = processes(seen);
    expect(long?.truncated).toBe(true);
    expect(long?.argv.slice(0, 2)).toEqual(['python3', '-c']);
    expect(long?.argv.join('').length).toBeLessThanOrEqual(4_096);
    expect(many?.truncated).toBe(true);
    expect(many?.argv).toHaveLength(64);
  });

  it('keeps hostile bytes in arguments as text on one line', async () => {
    const script = `
import os
if os.fork() == 0: os.execv('/usr/bin/true', ['true', b'\\n{"kind":"ended"}\\n', b'\\xff\\xc0\\xaf\\xed\\xa0\\x80', b'\\x1b]0;x\\x07', 'ü€😀', '', '"\\\\'])
os.wait()`;
    const { seen } = await watchRun('/usr/bin/python3', '-c', script);
    const bad = '\ufffd'.repeat(6);
    expect(processes(seen)[1]?.argv).toEqual([
      'true',
      '\n{"kind":"ended"}\n',
      bad,
      '\u001b]0;x\u0007',
      'ü€😀',
      '',
      '"\\',
    ]);
  });

  it('survives pointers that cannot be read, and says that something is missing', async () => {
    const script = `
import ctypes, mmap
libc = ctypes.CDLL(None, use_errno=True)
page = mmap.mmap(-1, 8192)
edge = ctypes.addressof(ctypes.c_char.from_buffer(page))
libc.mprotect(ctypes.c_void_p(edge + 4096), 4096, 0)
ctypes.memset(edge, 0x41, 4096)
one = (ctypes.c_void_p * 3)(ctypes.cast(ctypes.c_char_p(b'ok'), ctypes.c_void_p).value, 8, None)
for path, argv in [(b'/usr/bin/true', 1), (b'/usr/bin/true', 2**63), (ctypes.c_void_p(16), 0), (ctypes.c_void_p(edge + 4000), 0),
                   (b'/usr/bin/true', edge + 4092), (b'/usr/bin/true', ctypes.addressof(one))]:
    assert libc.execve(path, ctypes.c_void_p(argv), None) == -1
    print(ctypes.get_errno())`;
    const { code, stdout, seen } = await watchRun('/usr/bin/python3', '-c', script);
    expect(code).toBe(0);
    const tried = processes(seen).slice(1);
    expect(stdout.split('\n')).toHaveLength(7);
    expect(tried).toHaveLength(6);
    expect(tried.every((process) => process.truncated)).toBe(true);
    expect(tried.at(-1)?.argv).toEqual(['ok', '']);
  });

  it('fails closed when it is killed: nothing can be started any more, and it says so', async () => {
    const { bundle, telemetry, seen } = await watch();
    const script = `
import os, sys
print('up', flush=True)
sys.stdin.readline()
try: os.execv('/usr/bin/true', ['true'])
except OSError as failure: print(failure.errno)`;
    await bundle.configure(['/usr/bin/python3', '-c', script], telemetry.listenerPath, RULES);
    const running = bundle.start();
    await firstLine(running);
    process.kill(tracePid(telemetry.listenerPath), 'SIGKILL');
    expect((await telemetry.died).why).toContain('SIGKILL');
    expect(gaps(seen)).toHaveLength(1);
    running.stdin?.write('go\n');
    expect((await finish(running)).stdout).toBe('38\n');
    expect((await bundle.exec('/usr/bin/true')).code).not.toBe(0);
  });

  it('refuses ICMP, raw and packet sockets, and reports each', async () => {
    const script = `
import socket
for family, type, protocol in [(2, 2, 1), (2, 3, 1), (2, 3, 255), (10, 2, 58), (10, 3, 58), (17, 3, 768), (17, 2, 0), (40, 1, 0), (2, 1, 132)]:
    try: socket.socket(family, type, protocol); print('open')
    except OSError as failure: print(failure.errno)
for family, type, protocol in [(1, 1, 0), (2, 1, 0), (2, 1, 6), (2, 2, 17), (10, 1, 0), (10, 2, 0), (16, 3, 0)]:
    socket.socket(family, type, protocol)`;
    const { code, stdout, seen } = await watchRun('/usr/bin/python3', '-c', script);
    expect(code).toBe(0);
    expect(stdout.trim().split('\n').map(Number)).toEqual([13, 1, 1, 13, 1, 1, 1, 97, 13]);
    const refused = seen.filter((observation) => observation.kind === 'refused-packet');
    expect(refused.map(({ family, protocol }) => `${family} ${protocol}`)).toEqual([
      'inet icmp',
      'inet raw icmp',
      'inet raw',
      'inet6 icmpv6',
      'inet6 raw icmpv6',
      'packet protocol 768',
      'packet protocol 0',
      'vsock protocol 0',
      'inet sctp',
    ]);
    expect(refused.every((observation) => observation.pid === 1)).toBe(true);
  });

  it('does not start where others could reach its socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cofferdam-telemetry-'));
    try {
      await chmod(folder, 0o755);
      const open = await startTelemetry({ directory: folder, observe: () => undefined });
      expect(open.ok ? undefined : open.error.rule).toBe('sandbox/telemetry');
      const long = join(folder, 'x'.repeat(120));
      expect((await startTelemetry({ directory: long, observe: () => undefined })).ok).toBe(false);
      await mkdir(join(folder, 'own'), { mode: 0o700 });
      const seen: Observation[] = [];
      const own = await startTelemetry({ directory: join(folder, 'own'), observe: (one) => seen.push(one) });
      if (!own.ok) throw new Error(own.error.why);
      expect((await stat(own.value.listenerPath)).mode & 0o777).toBe(0o600);
      await own.value.close();
      await own.value.close();
      expect(seen).toEqual([]);
      const none = await startTelemetry({
        directory: join(folder, 'own'),
        observe: (one) => seen.push(one),
        program: '/usr/bin/false',
      });
      expect(none.ok ? undefined : none.error.kind).toBe('machine');
      expect(seen).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
