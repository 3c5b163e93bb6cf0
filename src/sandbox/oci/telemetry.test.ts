import { afterEach, describe, expect, it } from 'vitest';
import { JobSandbox } from './job-sandbox.fixture.ts';
import { RUNTIMES_HERE } from './runtimes.fixture.ts';

let job: JobSandbox | undefined;
afterEach(async () => {
  await job?.close();
  job = undefined;
});

const SCRIPT = `
import os, socket, subprocess
os.environ['HOME'] = '/home/runner'
subprocess.run(['sh', '-c', 'exit 7'])
subprocess.run(['sh', '-c', 'kill -KILL $$'])
subprocess.run(['sh', '-c', 'echo x >~/.bashrc; cd /tmp; echo x >../work/.npmrc'])
open('/proc/self/environ').close()
reader, writer = os.pipe()
child = os.fork()
if child == 0:
    os.close(writer); os.read(reader, 1); os._exit(0)
os.close(reader)
open('/proc/%d/environ' % child).close()
os.close(writer); os.wait()
for change in (lambda: os.setuid(1001), lambda: os.setuid(0), lambda: os.setresgid(-1, 0, -1)):
    try: change()
    except PermissionError: pass
server = socket.create_server(('127.0.0.1', 4567))
client = socket.create_connection(server.getsockname())
print(client.getsockname()[1])`;

describe.each(RUNTIMES_HERE)('what is seen of a job in $name', ({ runtime, ownKernel }) => {
  it('is its programs and their ends, files that tools obey, other users, listeners, and who connects', async () => {
    job = await JobSandbox.open({}, { runtime });
    expect(job.sandbox.receipt.unseen).toBeUndefined();
    expect(job.sandbox.receipt.checks.find(({ id }) => id === 'executions-are-seen')?.held).toBe(true);
    const before = job.seen.length;
    const { stdout, stderr } = await job.python(SCRIPT);
    expect(stderr).toBe('');
    await job.sandbox.observed();
    const seen = job.seen.slice(before);
    expect(seen.filter(({ kind }) => kind === 'gap')).toEqual([]);
    const started = seen.flatMap((one) => (one.kind === 'process' ? [one.process] : []));
    const main = started[0]?.pid;
    expect(started.slice(1).map(({ argv, parent, uid }) => [argv.at(-1), parent, uid])).toEqual([
      ['exit 7', main, 1_001],
      ['kill -KILL $$', main, 1_001],
      ['echo x >~/.bashrc; cd /tmp; echo x >../work/.npmrc', main, 1_001],
    ]);
    const ends = seen.flatMap((one) => (one.kind === 'exit' ? [one.exit] : []));
    const endOf = (word: string) =>
      ends.find(({ pid }) => pid === started.find(({ argv }) => argv.at(-1) === word)?.pid);
    expect(endOf('exit 7')).toMatchObject({ code: 7, signal: null, durationMs: expect.any(Number) });
    expect(endOf('kill -KILL $$')).toMatchObject({ code: null });
    const files = seen.flatMap((one) => (one.kind === 'file' ? [one] : []));
    expect(
      files.map(({ file, is }) => [is ?? file.what, file.path.replace(/\d+/u, 'PID'), file.process.argv[0]]),
    ).toEqual([
      ['shell-configuration', '/home/runner/.bashrc', 'sh'],
      ['package-manager-configuration', '/work/.npmrc', 'sh'],
      ['memory', '/proc/PID/environ', 'python3'],
    ]);
    const attempts = seen.flatMap((one) => (one.kind === 'attempt' ? [one.attempt] : []));
    expect(attempts.map(({ call, refused, process }) => [call, refused, process.argv[0]])).toEqual([
      ['setuid', true, 'python3'],
      ['setresgid', true, 'python3'],
    ]);
    const listening = seen.flatMap((one) => (one.kind === 'listening' ? [one.listener] : []));
    expect(listening).toMatchObject([
      { protocol: 'tcp', address: '127.0.0.1', port: 4_567, process: { pid: main } },
    ]);
    const flow = { localPort: Number(stdout), remotePort: 4_567, remoteAddress: '127.0.0.1' };
    expect(await job.sandbox.ownerOf(flow)).toMatchObject({
      pid: main,
      argv: ['python3', '-c', SCRIPT.slice(0, 1_024)],
    });
    if (ownKernel) return;
    expect(endOf('exit 7')?.cpuMs).toBeGreaterThan(0);
  });

  it('is every start and end of three hundred programs, with arguments that cannot lie in form', async () => {
    job = await JobSandbox.open({}, { runtime });
    const before = job.seen.length;
    const { exit } = await job.python(`
import os
for i in range(300): os.waitpid(os.posix_spawn('/usr/bin/true', ['true', str(i), '\\n{}', 'ü'], {}), 0)
os.waitpid(os.posix_spawn('/usr/bin/true', ['true', 'x' * 50000] * 2, {}), 0)`);
    expect(exit.code).toBe(0);
    await job.sandbox.observed();
    const seen = job.seen.slice(before);
    const started = seen.flatMap((one) =>
      one.kind === 'process' && one.process.argv[0] === 'true' ? [one.process] : [],
    );
    expect(started.slice(0, 300).map(({ argv }) => argv)).toEqual(
      Array.from({ length: 300 }, (_, index) => ['true', String(index), '\n{}', 'ü']),
    );
    expect(started[300]?.truncated).toBe(true);
    const ends = new Set(
      seen.flatMap((one) => (one.kind === 'exit' && one.exit.code === 0 ? [one.exit.pid] : [])),
    );
    expect(started.every(({ pid }) => ends.has(pid))).toBe(true);
    expect(seen.filter(({ kind }) => kind === 'gap')).toEqual([]);
  });
});

it('this machine has a runtime to see that with', () => {
  expect(RUNTIMES_HERE.length).toBeGreaterThan(0);
});
