import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultControls } from '../zone/index.ts';
import type { ChosenRuntime } from './choose-runtime.ts';
import type { BoundPath, Sandbox } from './contract.ts';
import { readHostFacts } from './plan/host-facts.ts';
import { Cgroup } from './oci/cgroup.ts';
import { IDS, LACKING, SANDBOXES } from './oci/here.fixture.ts';
import { openSandbox } from './open-sandbox.ts';
import { seLinuxHere } from './selinux/index.ts';

const MB = 1_000_000;
/** A kernel that is a process needs some of them itself. */
const PIDS = 120;
let namespace: ChildProcess;
let folder = '';
let directory = '';
let sandbox: Sandbox | undefined;

async function begin(): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-'));
  mkdirSync(join(folder, 'source'));
  writeFileSync(join(folder, 'source/file'), 'before');
  directory = mkdtempSync(join(SANDBOXES, 'cofferdam-test-'));
  rmSync(directory, { recursive: true });
  namespace = spawn('unshare', ['-n', 'sh', '-c', 'ip link set lo up; echo up; exec sleep 600']);
  await new Promise((resolve) => namespace.stdout?.once('data', resolve));
}

async function end(): Promise<void> {
  await sandbox?.destroy();
  sandbox = undefined;
  namespace.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  expect(existsSync(directory)).toBe(false);
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(directory);
}

async function open(runtime: ChosenRuntime, writePaths: readonly BoundPath[] = []) {
  const controls = defaultControls('untrusted', { memoryBytes: 1_000 * MB, cpus: 1 });
  return openSandbox(
    {
      runId: `01JD${directory.slice(-6).toUpperCase()}`,
      jobId: 'test',
      controls: {
        ...controls,
        unenforcedLimitsAccepted: LACKING,
        limits: {
          ...controls.limits,
          memoryBytes: 200 * MB,
          pids: PIDS,
          workspaceBytes: 20 * MB,
          workspaceInodes: 200,
          tmpBytes: 10 * MB,
          openFiles: 100,
        },
      },
      root: { kind: 'host' },
      workspace: { source: join(folder, 'source'), path: '/work' },
      readPaths: [],
      writePaths,
      files: [],
      temporary: [],
      networkNamespace: `/proc/${namespace.pid}/ns/net`,
      probeName: 'name.probe.invalid',
      hostname: 'sandbox',
    },
    { directory, observe: () => undefined, idSlot: 7, runtime },
  );
}

async function opened(runtime: ChosenRuntime, writePaths: readonly BoundPath[] = []): Promise<Sandbox> {
  const result = await open(runtime, writePaths);
  if (!result.ok) throw new Error(result.error.why);
  sandbox = result.value;
  return result.value;
}

/** The sandbox's own first process, by the machine's number. */
function firstProcess(): number {
  const host = readHostFacts();
  const id = `01jd${directory.slice(-6).toLowerCase()}-test`;
  if (host.cgroup !== 'none') return new Cgroup(host, `${host.cgroupParent}/${id}`).processes()[0] ?? 0;
  const found = readdirSync('/proc').find((pid) => {
    try {
      const first = /^NSpid:.*\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
      return (
        first && readFileSync(`/proc/${pid}/mountinfo`, 'latin1').includes(directory.slice(SANDBOXES.length))
      );
    } catch {
      return false;
    }
  });
  return Number(found ?? 0);
}

/** Starts sleeping children until the kernel gives no more, and says how many. */
const FORKS = [
  'import os,signal',
  'n=0',
  'try:',
  '  while True:',
  '    if os.fork()==0: signal.pause()',
  '    n+=1',
  'except OSError: print(n)',
].join('\n');

async function run(of: Sandbox, script: string, input?: Buffer) {
  const process_ = of.start({
    stepId: 's',
    argv: ['sh', '-c', script],
    environment: { PATH: '/usr/bin:/bin' },
    workingDirectory: '/work',
  });
  process_.stdin.on('error', () => undefined);
  process_.stdin.end(input);
  let bytes = 0;
  let out = '';
  for (const stream of [process_.stdout, process_.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (out.length < 10_000) out += chunk.toString('utf8');
    });
  }
  const closed = Promise.all(
    [process_.stdout, process_.stderr].map((stream) => new Promise((resolve) => stream.on('close', resolve))),
  );
  const exit = await process_.exited;
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 2_000))]);
  return { exit, out, bytes };
}

export interface TestedRuntime {
  readonly name: string;
  readonly runtime: ChosenRuntime;
  /** Its kernel is a process of the host's, and ends as a whole. */
  readonly ownKernel: boolean;
  /**
   * Its files come over 9p, where what belongs to another user can be written and not emptied: who empties a file sets its
   * time, which the monitor may only do for files of the job.
   */
  readonly overNinep?: boolean;
}

/** What every sandbox must hold, whatever it is made of. */
export function sandboxContract(runtimes: readonly TestedRuntime[]): void {
  beforeEach(begin);
  afterEach(end);
  describe.each(runtimes)('a sandbox of $name', ({ runtime, ownKernel, overNinep = false }) => {
    test('leaves the machine’s own devices to their owner', async () => {
      const owner = (): readonly number[] => {
        const { uid, gid, mode } = statSync('/dev/null');
        return [uid, gid, mode];
      };
      const before = owner();
      await opened(runtime);
      expect(owner()).toEqual(before);
      expect(before[0]).toBeLessThan(0x4000_0000);
    });

    test('is opened only with every check held, and its limits read back', async () => {
      const of = await opened(runtime);
      expect(of.receipt.checks.length).toBeGreaterThan(45);
      expect(of.receipt.checks.every((check) => check.held)).toBe(true);
      expect(of.receipt.limits.pids).toBe(LACKING.includes('pids') ? undefined : PIDS);
      expect(of.receipt.limitsUnenforced).toEqual(LACKING);
      expect(of.receipt.rootless).toEqual(
        IDS === undefined ? undefined : expect.objectContaining({ jobUser: 'yours' }),
      );
    });

    test('refuses a runtime that is not there or fails, and leaves nothing', async () => {
      for (const program of ['/no-such-runtime', '/bin/false'])
        expect(await open({ name: runtime.name, program })).toMatchObject({
          ok: false,
          error: { kind: 'machine' },
        });
    });

    test('shows a copy of the source, which stays as it is, and holds what is written to its size', async () => {
      const of = await opened(runtime);
      const full = await run(
        of,
        'cat file; echo after > file; head -c 50000000 /dev/zero > big; i=0; while [ $i -lt 300 ]; do : > f$i || break; i=$((i+1)); done',
      );
      expect(full.out).toContain('before');
      expect(full.out).toContain('No space left on device');
      expect(readFileSync(join(folder, 'source/file'), 'utf8')).toBe('before');
      const usage = await of.usage();
      expect(usage.workspaceBytes).toBeLessThanOrEqual(21 * MB);
    });

    test('writes for real where that was named, a folder and a file, as on the machine and without its devices', async () => {
      const out = join(folder, 'out');
      const file = join(folder, 'log');
      mkdirSync(out);
      writeFileSync(file, '');
      // The job is another user than the one to whom the folder belongs, unless it is an ordinary user's own.
      for (const path of [out, file]) chmodSync(path, 0o777);
      if (seLinuxHere() === 'enforces')
        execFileSync('chcon', ['-t', 'cofferdam_file_t', '-l', 's0', out, file]);
      const of = await opened(runtime, [
        { hostPath: out, path: '/out' },
        { hostPath: file, path: '/var/log/job', file: true },
      ]);
      const { out: said } = await run(
        of,
        `echo a >/out/made; echo b ${overNinep ? '>>' : '>'}/var/log/job; grep -cE " (/out|/var/log/job) [a-z0-9]+ rw,(dirsync,)?nosuid,nodev" /proc/mounts`,
      );
      // gVisor does not say the options that it holds.
      expect(said).toBe(ownKernel ? '0\n' : '2\n');
      expect(readFileSync(join(out, 'made'), 'utf8')).toBe('a\n');
      expect(readFileSync(file, 'utf8')).toBe('b\n');
    });

    const boundsByGroup = async (): Promise<void> => {
      const of = await opened(runtime);
      await run(of, 'bomb() { bomb & bomb; }; (sleep 1; kill -9 -1) & bomb 2>/dev/null');
      await of.killLeftovers();
      expect((await of.usage()).pidsRefused).toBeGreaterThan(0);
      // A kernel that is a process ends as a whole when it gets no more, and the job with it.
      if (ownKernel) {
        expect((await of.died).why).toContain('pids');
        await of.destroy();
      }
      const again = ownKernel ? await opened(runtime) : of;
      await run(again, `python3 -c "x = bytearray(b'x') * (1 << 30)"`);
      expect((await again.usage()).oomKills).toBeGreaterThan(0);
      if (ownKernel) expect((await again.died).why).toContain('memory');
      else expect((await run(again, 'echo still here')).out).toBe('still here\n');
    };
    const boundsByProcess = async (): Promise<void> => {
      const of = await opened(runtime);
      expect(of.receipt.weakerLimits?.map(({ limit, value }) => [limit, value])).toEqual([
        ['pids', PIDS],
        ['memoryBytes', 200 * MB],
      ]);
      const forks = await run(of, `python3 -c "${FORKS}"`);
      expect(Number(forks.out)).toBeGreaterThan(PIDS / 2);
      expect(Number(forks.out)).toBeLessThan(PIDS);
      await of.killLeftovers();
      const hog = await run(of, `python3 -c "x = bytearray(b'x') * (1 << 30)"`);
      expect(hog.out).toContain('MemoryError');
      expect((await of.usage()).oomKills).toBeUndefined();
    };
    // An ordinary user without a control group has limits of each process instead, which tell nobody.
    if (LACKING.length === 0)
      test('bounds a fork bomb and a memory hog, and tells which it was', boundsByGroup);
    else test('bounds a fork bomb and a memory hog by what it says that it has instead', boundsByProcess);

    test('starts nothing any more after the last', async () => {
      const of = await opened(runtime);
      expect((await run(of, 'sleep 1000 & echo up')).out).toBe('up\n');
      await of.killLeftovers(true);
      const { out: nothing, exit } = await run(of, 'echo still here');
      expect([nothing, exit.failure]).toEqual(['', 'ESRCH']);
    });

    test('survives one that kills all that it sees', async () => {
      const of = await opened(runtime);
      await run(of, 'kill -9 -1; kill -9 1; kill -STOP 1');
      // gVisor lets a job kill process 1: it ends itself.
      if (ownKernel) expect((await of.died).why).toContain('process 1');
      else expect((await run(of, 'echo still here')).out).toBe('still here\n');
    });

    test('carries large input and output both ways, at the pace of the slower', async () => {
      const of = await opened(runtime);
      const input = Buffer.alloc(30 * MB, 'x');
      expect((await run(of, 'cat', input)).bytes).toBe(30 * MB);
      const endless = of.start({
        stepId: 's',
        argv: ['sh', '-c', 'head -c 1000000000 /dev/zero'],
        environment: { PATH: '/usr/bin:/bin' },
        workingDirectory: '/work',
      });
      endless.stderr.resume();
      const before = process.memoryUsage().rss;
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(process.memoryUsage().rss - before).toBeLessThan(60 * MB);
      endless.stdout.destroy();
      endless.signal('SIGKILL');
      expect((await endless.exited).signal).toBe('SIGKILL');
    });

    test('gives a terminal that has a size, passes Ctrl-C on, and a hang-up ends it', async () => {
      const of = await opened(runtime);
      const shell = of.start({
        stepId: 's',
        argv: [
          'sh',
          '-c',
          'stty size; trap "echo interrupted; exit 9" INT; echo ready; while :; do sleep 0.1; done',
        ],
        environment: { PATH: '/usr/bin:/bin' },
        workingDirectory: '/work',
        terminal: { columns: 91, rows: 33 },
      });
      let out = '';
      const interrupted = new Promise<void>((resolve) => {
        shell.stdout.on('data', (chunk: Buffer) => {
          out += chunk.toString('utf8');
          if (out.includes('ready')) resolve();
        });
      });
      await interrupted;
      shell.stdin.write('\u0003');
      expect(await shell.exited).toEqual({ code: 9, signal: null });
      expect(out).toContain('33 91');
    });

    test('keeps process 1 out of the job\u2019s reach, and gives a process only its own three descriptors', async () => {
      const of = await opened(runtime);
      const { out } = await run(
        of,
        'cat /proc/1/environ /proc/1/maps; ls /proc/1/fd; head -c 1 /proc/1/mem; for f in /proc/1/fd/*; do (: <$f) 2>/dev/null && echo OPENED; readlink $f && echo FOLLOWED; done; ls /proc/self/fd | wc -l; echo $PPID',
      );
      // gVisor lists the numbers of its descriptors; none of them can be read, opened or followed.
      expect(out.match(/Permission denied/g)?.length).toBeGreaterThanOrEqual(ownKernel ? 3 : 4);
      expect(out).toMatch(/^4$/m);
      expect(out).not.toMatch(/OPENED|FOLLOWED/);
    });

    test('tells when it ends by itself, and can be destroyed twice', async () => {
      const of = await opened(runtime);
      const first = firstProcess();
      expect(first).toBeGreaterThan(1);
      process.kill(first, 'SIGKILL');
      expect((await of.died).why).toContain('process 1');
      expect((await of.destroy()).leftBehind).toEqual([]);
      expect((await of.destroy()).leftBehind).toEqual([]);
    });
  });
}
