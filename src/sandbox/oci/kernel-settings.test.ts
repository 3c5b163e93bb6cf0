import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JobSandbox } from './job-sandbox.fixture.ts';

/** Every file of the kernel's below the places, but those of processes, that can be opened for writing; nothing is written. */
const OPENED = `
import os, sys
null = os.stat('/dev/null').st_rdev
for top in sys.argv[1:] or TOPS:
    for folder, inner, files in os.walk(top):
        if folder == '/proc': inner[:] = [name for name in inner if not name.isdigit() and name not in ('self', 'thread-self')]
        for name in files:
            path = os.path.join(folder, name)
            try:
                fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                if os.fstat(fd).st_rdev != null: print(path)
                os.close(fd)
            except OSError: pass
`;
const script = (...tops: readonly string[]): string => `TOPS = ${JSON.stringify(tops)}\n${OPENED}`;

let job: JobSandbox;
beforeAll(async () => {
  job = await JobSandbox.open();
});
afterAll(() => job.close());

describe('a setting of the kernel', () => {
  test('can be opened for writing by root outside, and none by a job that root started', async () => {
    const outside = execFileSync('python3', ['-c', script('/proc/sys', '/proc/irq')]).toString('utf8');
    expect(outside).toContain('/proc/sys/kernel/core_pattern\n');
    expect(outside.split('\n').length).toBeGreaterThan(100);
    const { stdout, stderr } = await job.python(script('/proc', '/sys'));
    expect(stderr).toBe('');
    expect(stdout.toString('utf8')).toBe('');
  });

  test('is not changed by a name that leads there: links in /proc are the process\u2019s own', async () => {
    const { stdout } = await job.python(`
import os
for path in ('/proc/self/root/proc/sys/kernel/hostname', '/proc/thread-self/root/proc/sys/vm/overcommit_memory', '/proc/self/cwd/../proc/sys/kernel/panic'):
    try:
        os.close(os.open(path, os.O_WRONLY)); print('opened', path)
    except OSError as error: print(error.errno)
`);
    // EACCES of Landlock, or EROFS of the mount.
    expect(stdout.toString('utf8')).toMatch(/^(?:(?:13|30)\n){3}$/);
  });
});

describe('a process of a job', () => {
  test('has the three streams and no descriptor, variable or group of anybody\u2019s else', async () => {
    const { stdout } = await job.python(`
import os
fds = sorted(int(n) for n in os.listdir('/proc/self/fd'))
print([fd for fd in fds if fd > 2 and os.path.exists('/proc/self/fd/%d' % fd)], sorted(os.environ), os.getgroups())
`);
    expect(stdout.toString('utf8')).toBe("[] ['LC_CTYPE', 'PATH'] []\n");
  });
});
