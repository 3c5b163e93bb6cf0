import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LACKING } from './here.fixture.ts';
import { JobSandbox } from './job-sandbox.fixture.ts';

const MB = 1_000_000;
let tight: JobSandbox;
let loose: JobSandbox;
beforeAll(async () => {
  tight = await JobSandbox.open({
    memoryBytes: 100 * MB,
    cpus: 0.1,
    pids: 20,
    workspaceBytes: 4 * MB,
    workspaceInodes: 100,
    tmpBytes: 2 * MB,
    tmpInodes: 50,
    openFiles: 30,
  });
  loose = await JobSandbox.open({ memoryBytes: 600 * MB, cpus: 1 });
});
afterAll(async () => {
  await tight.close();
  await loose.close();
});

/** What the same attack reached under tight limits and under ordinary ones. */
async function reached(script: string): Promise<readonly [number, number]> {
  const runs = [await tight.python(script), await loose.python(script)];
  const [on = Number.NaN, off = Number.NaN] = runs.map(({ stdout }) => Number(stdout.toString('utf8')));
  return [on, off];
}

const fill = (folder: string): string => `
import os
done, block = 0, b'x' * 65536
fd = os.open('${folder}/big', os.O_CREAT | os.O_WRONLY)
try:
    while done < 8000000: done += os.write(fd, block)
except OSError: pass
os.close(fd)
os.unlink('${folder}/big')
print(done)
`;
const litter = (folder: string): string => `
import os
done = 0
try:
    while done < 400:
        os.close(os.open('${folder}/f%d' % done, os.O_CREAT | os.O_WRONLY))
        done += 1
except OSError: pass
for n in range(done): os.unlink('${folder}/f%d' % n)
print(done)
`;

describe('a limit is the kernel\u2019s, and without it the same attack goes on:', () => {
  test.each([
    ['bytes of the workspace', fill('/work'), 4 * MB + 4_096, 8_000_000],
    ['bytes of /tmp', fill('/tmp'), 2 * MB + 4_096, 8_000_000],
    ['bytes of the home folder', fill('/home/runner'), 2 * MB + 4_096, 8_000_000],
    ['files of the workspace', litter('/work'), 100 + 16, 400],
    ['files of /tmp', litter('/tmp'), 50, 400],
    [
      'open files of a process, which cannot raise them',
      `
import os, resource
for most in (4096, resource.RLIM_INFINITY):
    try: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    except (OSError, ValueError): pass
count = 0
try:
    while count < 200:
        os.dup(0)
        count += 1
except OSError: pass
print(count)`,
      30,
      200,
    ],
    [
      'processes at once',
      `
import os, signal, time
children = []
try:
    while len(children) < 60:
        child = os.fork()
        if child == 0: time.sleep(60)
        children.append(child)
except OSError: pass
for child in children: os.kill(child, signal.SIGKILL)
for child in children: os.waitpid(child, 0)
print(len(children))`,
      20,
      60,
    ],
    [
      'memory of all processes together',
      `
import os
child = os.fork()
if child == 0:
    held = []
    for n in range(30):
        held.append(bytearray(os.urandom(4096)) * 2441)
        os.write(1, b'')
        open('/dev/shm/count', 'w').write(str((n + 1) * 10000000))
    os._exit(0)
os.waitpid(child, 0)
print(open('/dev/shm/count').read())`,
      100 * MB,
      300 * MB,
    ],
  ])('%s', async (_, script, most, without) => {
    const [on, off] = await reached(script);
    expect(on).toBeGreaterThan(0);
    expect(on).toBeLessThanOrEqual(most);
    expect(off).toBeGreaterThanOrEqual(without);
  });

  const slowsDown = async (): Promise<void> => {
    const burn = 'import time\nend = time.monotonic() + 2\nwhile time.monotonic() < end: pass';
    const spent = async (job: JobSandbox): Promise<{ readonly cpuMs: number; readonly tookMs: number }> => {
      const [before, began] = [(await job.sandbox.usage()).cpuMs ?? Number.NaN, performance.now()];
      await job.python(burn);
      const tookMs = performance.now() - began;
      return { cpuMs: ((await job.sandbox.usage()).cpuMs ?? Number.NaN) - before, tookMs };
    };
    const [{ cpuMs: on, tookMs }, { cpuMs: off }] = [await spent(tight), await spent(loose)];
    // A tenth of a processor over the two seconds and the start; the other has what the machine has left.
    expect(on).toBeLessThan(Math.max(700, 0.2 * tookMs));
    expect(on).toBeGreaterThan(50);
    expect(off).toBeGreaterThan(on);
  };
  // An ordinary user without a control group has nothing that stands in for it.
  if (!LACKING.includes('cpus')) test('processor time', slowsDown);
});
