import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JobSandbox } from './job-sandbox.fixture.ts';

let job: JobSandbox;
beforeAll(async () => {
  job = await JobSandbox.open();
});
afterAll(() => job.close());

async function said(code: string): Promise<string> {
  const { stdout, stderr } = await job.python(
    `import ctypes, os, signal\nlibc = ctypes.CDLL(None, use_errno=True)\n${code}`,
  );
  expect(stderr).toBe('');
  return stdout.toString('utf8').trim();
}

/** How often a call succeeds before it fails, at most `most` times. */
const often = (most: number, call: string): string => `
count = 0
while count < ${most} and ${call} >= 0: count += 1
print(count)`;

describe('of what the kernel counts for all, or for who made its namespace, a job', () => {
  test('has a bounded number of watching instances, and can make no namespace whatever its filter says', async () => {
    expect(Number(await said(often(2_000, 'libc.inotify_init1(0)')))).toBeLessThan(1_000);
    const limits = `
for name in ('user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'): print(open('/proc/sys/user/max_%s_namespaces' % name).read().strip())`;
    expect(await said(limits)).toBe(Array.from({ length: 7 }, () => '0').join('\n'));
  });

  test('has 4,096 waiting signals, which it cannot raise', async () => {
    const queue = `
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
class Value(ctypes.Union): _fields_ = [('i', ctypes.c_int), ('p', ctypes.c_void_p)]
${often(20_000, '-abs(libc.sigqueue(os.getpid(), signal.SIGRTMIN, Value(0)))')}
import resource
try: resource.setrlimit(resource.RLIMIT_SIGPENDING, (9000, 9000)); print('raised')
except ValueError: print('refused')`;
    expect(await said(queue)).toBe('4096\nrefused');
  });

  test('has 256 terminals', async () => {
    const open = `
held = []
try:
    while len(held) < 600: held.append(os.open('/dev/ptmx', os.O_RDWR))
except OSError: pass
print(len(held))`;
    expect(await said(open)).toBe('256');
  });

  test('has no asynchronous requests, and none of the processors first', async () => {
    const setup = { x64: 206, arm64: 0 }[process.arch as 'x64' | 'arm64'];
    expect(
      await said(`context = ctypes.c_ulong(0)
print(libc.syscall(${setup}, 64, ctypes.byref(context)), ctypes.get_errno())
try: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)); print('first')
except PermissionError: print('refused')`),
    ).toBe('-1 38\nrefused');
  });
});
