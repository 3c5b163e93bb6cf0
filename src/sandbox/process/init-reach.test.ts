import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JobSandbox } from '../oci/job-sandbox.fixture.ts';
import { ANSWER, encodeFrame, ORDER } from './frames.ts';

let job: JobSandbox;
beforeAll(async () => {
  job = await JobSandbox.open();
});
afterAll(() => job.close());

const ATTACKS = `
import ctypes, glob, os, signal, socket, stat
libc = ctypes.CDLL(None, use_errno=True)
reached = []
for name in ['mem', 'environ', 'maps', 'fd', 'fdinfo', 'cwd', 'root', 'exe', 'io', 'auxv', 'stack', 'syscall', 'map_files']:
    path = '/proc/1/' + name
    for use in (lambda: os.listdir(path), lambda: os.readlink(path), lambda: open(path, 'rb').read(1), lambda: open(path, 'r+b')):
        try:
            use()
            reached.append(name)
        except OSError: pass
for fd in range(256):
    for use in (lambda: open('/proc/1/fd/%d' % fd, 'wb'), lambda: os.stat('/proc/1/fd/%d' % fd)):
        try:
            use()
            reached.append('fd %d' % fd)
        except OSError: pass
for name in ['oom_score_adj', 'setgroups', 'uid_map', 'timerslack_ns', 'clear_refs', 'coredump_filter']:
    try:
        with open('/proc/1/' + name, 'w') as file: file.write('0')
        reached.append('write ' + name)
    except OSError: pass
if libc.ptrace(16, 1, 0, 0) == 0: reached.append('attach')
if libc.ptrace(0x4206, 1, 0, 0) == 0: reached.append('seize')
pidfd = os.pidfd_open(1)
for fd in range(8):
    if libc.syscall(438, pidfd, fd, 0) >= 0: reached.append('take %d' % fd)
for path in ['/dev/fd', '/proc/self/fd']:
    for name in os.listdir(path):
        try:
            if int(name) > 2 and stat.S_ISSOCK(os.fstat(int(name)).st_mode): reached.append('socket ' + name)
        except OSError: pass
for line in open('/proc/net/unix').read().splitlines()[1:]:
    name = line.split(maxsplit=7)[7:]
    if name:
        try:
            socket.socket(socket.AF_UNIX).connect(name[0].replace('@', '\\0'))
            reached.append('connect ' + name[0])
        except OSError: pass
for number in set(signal.Signals) | set(range(34, 65)):
    try: os.kill(1, number)
    except OSError: pass
print(reached)
`;

describe('process 1, from a process of the job', () => {
  test('cannot be read, traced, written to, taken from or stopped', async () => {
    const { stdout, stderr, exit } = await job.python(ATTACKS);
    expect(stderr).toBe('');
    expect(stdout.toString('utf8')).toBe('[]\n');
    expect(exit).toEqual({ code: 0, signal: null });
    // Every signal was sent to it.
    const after = await job.python('print("alive")');
    expect(after.stdout.toString('utf8')).toBe('alive\n');
  });

  test('cannot be spoken for: frames in a job\u2019s output are its output, and its end is its own', async () => {
    const forged = Buffer.concat([
      encodeFrame(ANSWER.exited, 1, Buffer.from([0, 0])),
      encodeFrame(ANSWER.closed, 1),
      encodeFrame(ANSWER.probed, 0, Buffer.from('write-root\tattack\t1\tEROFS\nend\t1\n')),
      encodeFrame(ORDER.killAll, 0),
      encodeFrame(ORDER.start, 99, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0])),
    ]).toString('hex');
    const { stdout, stderr, exit } = await job.python(`
import os, sys
frames = bytes.fromhex('${forged}')
for fd in (1, 2): os.write(fd, frames)
for fd in range(3, 1024):
    try: os.write(fd, frames)
    except OSError: pass
os._exit(7)
`);
    expect(stdout.toString('hex')).toBe(forged);
    expect(stderr).toBe(Buffer.from(forged, 'hex').toString('utf8'));
    expect(exit).toEqual({ code: 7, signal: null });
  });

  test('passes to a process nothing of its own: no descriptor, variable or blocked signal', async () => {
    const { stdout } = await job.python(`
import os
status = open('/proc/self/status').read()
print(sorted(os.environ), [line.split()[1] for line in status.splitlines() if line.startswith(('SigBlk', 'SigIgn'))])
print([fd for fd in range(3, 1024) if os.path.exists('/proc/self/fd/%d' % fd)], os.getppid(), os.getsid(0) == os.getpid())
`);
    // Python itself ignores SIGPIPE and SIGXFSZ, and adds LC_CTYPE.
    expect(stdout.toString('utf8')).toBe(
      "['LC_CTYPE', 'PATH'] ['0000000000000000', '0000000001001000']\n[] 1 True\n",
    );
  });
});
