import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NESTED, PRIVILEGED, TRACED_BY_PARENT, TRACING } from '../profiles/profile-calls.fixture.ts';
import type { ProfileName } from '../../zone/index.ts';
import type { ChosenRuntime } from '../choose-runtime.ts';
import { profileOf } from '../profiles/index.ts';
import { JobSandbox } from './job-sandbox.fixture.ts';

const NEWNS = 0x2_0000;
const NEWUSER = 0x1000_0000;
const REFUSED = /^(?:EPERM|EACCES|ENOSYS|EINVAL)$/;
/** A kernel may have no such file system at all. */
const REFUSED_OR_UNKNOWN = /^(?:EPERM|EACCES|EINVAL|ENODEV)$/;

type Answers = ReadonlyMap<string, string>;

async function answers(job: JobSandbox, script: string): Promise<Answers> {
  const { stdout } = await job.python(script);
  const lines = stdout.toString('utf8').trim().split('\n');
  return new Map(lines.map((line) => [line.split(': ')[0] ?? '', line.split(': ')[1] ?? '']));
}

function refused(found: Answers, names: readonly string[]): void {
  for (const name of names)
    expect(found.get(name), name).toMatch(name === 'a disk' ? REFUSED_OR_UNKNOWN : REFUSED);
}

/** What root of an inner namespace must not do, whichever namespaces it may make. */
const BEYOND = [
  'a namespace NEWCGROUP',
  'write the root',
  'write /usr',
  'uncover /proc/sys',
  'uncover a hidden file',
  'another /proc',
  'a /sys',
  'control groups',
  'a disk',
  'a device',
  'a kernel setting',
  'memory of process 1',
  'namespaces of process 1',
  'bpf',
  'a module',
  'a keyring',
  'a raw socket',
  'map the sandbox root',
  "map ids that are nobody's",
];
const OF_PROCESS_1 = [
  'read process 1',
  'attach to process 1',
  'seize process 1',
  'memory of process 1',
  'environment of process 1',
  'descriptors of process 1',
];

/** What each profile opens, and what stays shut with it, by every runtime that may be asked for one. */
export function profileContract(
  runtimes: readonly { readonly name: string; readonly runtime: ChosenRuntime }[],
): void {
  describe.each(runtimes)('by $name, a job', ({ runtime }) => {
    const jobs: JobSandbox[] = [];
    const open = async (profile?: ProfileName): Promise<JobSandbox> => {
      const job = await JobSandbox.open({}, { runtime, ...(profile !== undefined && { profile }) });
      jobs.push(job);
      return job;
    };
    let ordinary: JobSandbox;
    beforeAll(async () => {
      ordinary = await open();
    });
    afterAll(() => Promise.all(jobs.map((job) => job.close())));

    test('without a profile traces nothing, and is root of nothing', async () => {
      refused(await answers(ordinary, TRACING), ['read a child', 'attach to a child', ...OF_PROCESS_1]);
      const nested = await answers(ordinary, NESTED(NEWUSER));
      refused(nested, [
        'root of its own namespace',
        'a namespace NEWNET',
        'a namespace NEWNS',
        'become a further user',
      ]);
      expect(ordinary.sandbox.receipt.profile).toBeUndefined();
    });

    test('with profile debugger traces its own processes, and process 1 by no call', async () => {
      const job = await open('debugger');
      expect(job.sandbox.receipt.profile?.name).toBe('debugger');
      const found = await answers(job, TRACING);
      expect(found.get('read a child')).toBe('own child');
      expect(found.get('attach to a child')).toBe('own chil');
      expect(found.get('end of a tracee')).toBe('7');
      refused(found, OF_PROCESS_1);
      refused(await answers(job, NESTED(NEWUSER)), ['root of its own namespace', 'a namespace NEWNET']);
    });

    test('with profile debugger does not end by making process 1 its tracer and stopping', async () => {
      const job = await open('debugger');
      const { stdout, exit } = await job.python(TRACED_BY_PARENT);
      expect(stdout.toString('utf8')).toBe('1 True\nwent on\n');
      expect(exit.code).toBe(9);
    });

    test('with profile browser is root of a namespace of its own, and of nothing beyond it', async () => {
      const job = await open('browser');
      const found = await answers(job, NESTED(NEWUSER));
      expect(found.get('root of its own namespace')).toBe('uid 0');
      expect(found.get('a namespace NEWNET')).toBe('done');
      refused(found, [...BEYOND, 'a namespace NEWNS', 'mount a file system in memory', 'map further ids']);
      refused(found, ['become a further user']);
      refused(await answers(job, TRACING), ['read a child', 'attach to a child', ...OF_PROCESS_1]);
    });

    test('with profile nested-build mounts in a namespace of its own, and changes nothing beyond it', async () => {
      const job = await open('nested-build');
      const found = await answers(job, NESTED(NEWUSER + NEWNS));
      expect(found.get('root of its own namespace')).toBe('uid 0');
      expect(found.get('mount a file system in memory')).toBe('done');
      expect(found.get('map further ids')).toBe('done');
      expect(found.get('become a further user')).toBe('uid 100000');
      // The network namespace is the gateway's: there must be no other.
      refused(found, [...BEYOND, 'a namespace NEWNET']);
      refused(await answers(job, TRACING), ['read a child', 'attach to a child', ...OF_PROCESS_1]);
    });

    test('with profile nested-build leaves nothing running that became another user', async () => {
      const job = await open('nested-build');
      const left = `
import os, time
for id in (100000, 165535, 0):
    if os.fork() == 0:
        os.setresgid(id, id, id); os.setresuid(id, id, id)
        for fd in (0, 1, 2): os.close(fd)
        time.sleep(600)
time.sleep(0.2)
`;
      expect((await job.python(left)).exit.code).toBe(0);
      expect(await job.sandbox.killLeftovers()).toBe(3);
      const running = job.sandbox.start({
        stepId: 's',
        argv: ['python3', '-c', 'import os, time; os.setresuid(100000, 100000, 100000); time.sleep(600)'],
        environment: { PATH: '/usr/bin:/bin' },
        workingDirectory: '/',
      });
      await running.pid;
      await new Promise((resolve) => setTimeout(resolve, 300));
      running.signal('SIGKILL');
      expect((await running.exited).signal).toBe('SIGKILL');
    });

    test('with profile privileged owns its own namespaces, and nothing of the machine', async () => {
      const job = await open('privileged');
      // First, while the mounts are as they were: they are its own to change.
      refused(
        await answers(job, NESTED(NEWUSER + NEWNS)),
        BEYOND.filter((name) => name !== 'a namespace NEWCGROUP'),
      );
      const found = await answers(job, PRIVILEGED);
      expect(found.get('mount a file system in memory')).toBe('done');
      for (const [name, answer] of found) {
        if (name === 'mount a file system in memory' || name === 'another user of the machine') continue;
        // Process 1 takes no signal from inside: it is as if nobody sent it.
        if (name === 'signal process 1') expect(answer, name).toMatch(/^(?:done|EPERM)$/);
        else expect(answer, name).toMatch(/^(?:E[A-Z]+ ?)+$/);
      }
      expect(Number(found.get('another user of the machine'))).toBeGreaterThan(65_536);
    });

    test('has in its receipt what its profile opens, tried, and everything else as it was', () => {
      const ids = (job: JobSandbox | undefined) =>
        new Map(job?.sandbox.receipt.checks.map(({ id, seen }) => [id, seen]));
      const plain = ids(ordinary);
      for (const job of jobs.slice(1)) {
        const profile = profileOf(job.sandbox.receipt.profile?.name);
        const found = ids(job);
        // A Landlock that is too old for what a profile needs of it stops nothing there, and the receipt says that it is absent.
        const unconfined = found.get('landlock')?.startsWith('absent') === true;
        for (const id of plain.keys())
          if (!unconfined || id !== 'write-beyond-ruleset') expect(found.has(id), id).toBe(true);
        for (const id of profile?.lifted ?? []) {
          if (id !== 'no-capabilities' && found.has(id)) expect(found.get(id)).toMatch(/^open \(/);
        }
        expect(found.has('nested-remount')).toBe((profile?.namespaces ?? 0) !== 0);
      }
    });
  });
}
