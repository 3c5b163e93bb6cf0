import { afterEach, describe, expect, it } from 'vitest';
import type { ObservedAttempt } from '../contract.ts';
import { JobSandbox } from '../oci/job-sandbox.fixture.ts';

const X64 = process.arch === 'x64';
const CLONE_NEWUSER = 0x1000_0000;
const TIOCSTI = 0x5412;
const EPERM = 1;
const ENOSYS = 38;

interface Tried {
  readonly call: string;
  readonly number: number;
  /** A text becomes a pointer to it. */
  readonly given: readonly (number | string)[];
  readonly path?: string;
  readonly error?: number;
}

function tried(call: string, x64: number, arm64: number, ...given: readonly (number | string)[]): Tried {
  const path = given.find((one) => typeof one === 'string');
  return { call, number: X64 ? x64 : arm64, given, ...(path !== undefined && { path }) };
}

const REFUSED: readonly Tried[] = [
  tried('ptrace', 101, 117, 16, 1, 0, 0),
  tried('process_vm_readv', 310, 270, 1, 0, 0, 0, 0, 0),
  tried('process_vm_writev', 311, 271, 1, 0, 0, 0, 0, 0),
  tried('process_madvise', 440, 440, 3, 0, 0, 21, 0),
  tried('pidfd_getfd', 438, 438, 3, 0, 0),
  tried('kcmp', 312, 272, 1, 2, 0, 0, 0),
  tried('unshare', 272, 97, CLONE_NEWUSER),
  tried('setns', 308, 268, 3, 0),
  tried('clone', 56, 220, CLONE_NEWUSER + 17, 0, 0, 0, 0),
  tried('mount', 165, 40, 0, '/mnt/place', 0, 0, 0),
  tried('umount2', 166, 39, '/proc', 2),
  tried('pivot_root', 155, 41, '/tmp', 0),
  tried('chroot', 161, 51, '/tmp'),
  tried('open_tree', 428, 428, 3, '/', 1),
  tried('move_mount', 429, 429, 3, 0, 3, '/tmp', 0),
  tried('fsopen', 430, 430, 'tmpfs', 0),
  tried('fspick', 433, 433, 3, '/tmp', 0),
  tried('mount_setattr', 442, 442, 3, '/', 0, 0, 0),
  tried('init_module', 175, 105, 0, 0, 0),
  tried('finit_module', 313, 273, 3, 0, 0),
  tried('delete_module', 176, 106, 'nft_tables', 0),
  tried('kexec_load', 246, 104, 0, 0, 0, 0),
  tried('reboot', 169, 142, 0, 0, 0, 0),
  tried('swapon', 167, 224, '/swap', 0),
  tried('swapoff', 168, 225, '/swap'),
  tried('acct', 163, 89, '/log'),
  tried('quotactl', 179, 60, 0, 0, 0, 0),
  tried('syslog', 103, 116, 3, 0, 0),
  tried('settimeofday', 164, 170, 0, 0),
  tried('clock_settime', 227, 112, 0, 0),
  tried('adjtimex', 159, 171, 0),
  tried('clock_adjtime', 305, 266, 0, 0),
  tried('bpf', 321, 280, 0, 0, 0),
  tried('perf_event_open', 298, 241, 0, 0, 4_294_967_295, 4_294_967_295, 0),
  tried('userfaultfd', 323, 282, 1),
  tried('fanotify_init', 300, 262, 0, 0),
  tried('add_key', 248, 217, 'user', 0, 0, 0, 0),
  tried('request_key', 249, 218, 'user', 0, 0, 0),
  tried('keyctl', 250, 219, 0, 0, 0, 0, 0),
  tried('open_by_handle_at', 304, 265, 3, 0, 0),
  tried('ioctl', 16, 29, 0, TIOCSTI, 0),
  { ...tried('io_uring_setup', 425, 425, 8, 0), error: ENOSYS },
];

const CALL = `
import ctypes, json, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *given):
    ctypes.set_errno(0)
    values = [ctypes.c_char_p(a.encode()) if isinstance(a, str) else ctypes.c_long(a) for a in given]
    result = libc.syscall(ctypes.c_long(number), *values)
    return ctypes.get_errno() if result == -1 else 0
`;

let job: JobSandbox | undefined;
afterEach(async () => {
  await job?.close();
  job = undefined;
});

/** Runs it in a sandbox and gives what it printed and every attempt that was told once the sandbox is gone. */
async function attempts(script: string) {
  job = await JobSandbox.open();
  const before = job.seen.length;
  const ran = await job.python(`${CALL}${script}`);
  expect(ran.stderr).toBe('');
  await job.close();
  const told = job.seen
    .slice(before)
    .flatMap((one): ObservedAttempt[] => (one.kind === 'attempt' ? [one.attempt] : []));
  return { told, said: ran.stdout.toString('utf8'), gaps: job.seen.filter(({ kind }) => kind === 'gap') };
}

describe('what the filter refuses', () => {
  it('is refused with the filter\u2019s own answer, and each call is told with who made it', async () => {
    const list = JSON.stringify(REFUSED.map(({ number, given }) => [number, ...given]));
    const { told, said, gaps } = await attempts(
      `print(json.dumps([call(*one) for one in json.loads(${JSON.stringify(list)})]))`,
    );
    expect(JSON.parse(said)).toEqual(REFUSED.map(({ error = EPERM }) => error));
    expect(gaps).toEqual([]);
    expect(told.map(({ call, path, arguments: [first], refused }) => [call, path, first, refused])).toEqual(
      REFUSED.map(({ call, path, given: [first] }) => [
        call,
        path,
        typeof first === 'string' ? expect.any(Number) : first,
        true,
      ]),
    );
    for (const { process, count } of told) {
      expect(count).toBe(1);
      expect(process).toMatchObject({ parent: 1, uid: 1_001 });
      expect(process.argv.slice(0, 2)).toEqual(['python3', '-c']);
    }
  });

  it('is counted when it is tried without end: all of it, in few words', async () => {
    const { told, gaps } = await attempts(`
for i in range(200000): libc.syscall(${X64 ? 272 : 97}, ctypes.c_long(${CLONE_NEWUSER}))`);
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(200_000);
    expect(told.length).toBeLessThan(120);
    expect(gaps).toEqual([]);
  });

  it('is refused also when nobody is there to tell of it', async () => {
    job = await JobSandbox.open({}, { telemetry: false });
    const { stdout } = await job.python(`${CALL}print(call(${X64 ? 272 : 97}, ${CLONE_NEWUSER}))`);
    expect(stdout.toString('utf8')).toBe(`${EPERM}\n`);
  });
});

describe('a change of user', () => {
  it('is told when it asks for an id that the caller does not have, and not otherwise', async () => {
    const { told, said } = await attempts(`
tries = [lambda: os.setuid(1001), lambda: os.setgid(1001), lambda: os.setresuid(-1, 1001, -1), lambda: os.setuid(0),
         lambda: os.setresuid(1001, 1001, 0), lambda: os.setregid(0, 0), lambda: os.setgroups([0])]
for attempt in tries:
    try: attempt(); print('done')
    except OSError as failure: print(failure.errno)`);
    expect(said.trim().split('\n')).toEqual(['done', 'done', 'done', '1', '1', '1', '1']);
    expect(told.map(({ call, refused, arguments: given }) => [call, refused, given[0]])).toEqual([
      ['setuid', true, 0],
      ['setresuid', true, 1_001],
      ['setregid', true, 0],
      ['setgroups', true, 1],
    ]);
  });
});

describe('a set-user-id bit', () => {
  it('is told when it is set, with the file; other modes are not', async () => {
    const { told, said } = await attempts(`
open('/tmp/a', 'w').close(); open('/tmp/b', 'w').close()
os.chmod('/tmp/a', 0o755); os.chmod('/tmp/a', 0o4755)
with open('/tmp/b') as file: os.fchmod(file.fileno(), 0o600); os.fchmod(file.fileno(), 0o4700)
print(call(${X64 ? 268 : 53}, -100, '/tmp/b', 0o6711), call(452, -100, '/tmp/a', 0o4711, 0))`);
    // The newest of these calls came with Linux 6.6.
    const newest = said === '0 0\n';
    expect(said).toMatch(/^0 (0|-1|38)\n$/);
    expect(told.map(({ call, path, refused }) => [call, path, refused])).toEqual([
      [expect.stringMatching(/^chmod$|^fchmodat$/), '/tmp/a', false],
      ['fchmod', '/tmp/b', false],
      ['fchmodat', '/tmp/b', false],
      ...(newest ? [['fchmodat2', '/tmp/a', false]] : []),
    ]);
  });
});
