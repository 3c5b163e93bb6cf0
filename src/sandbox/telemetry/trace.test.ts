import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { executionRules, socketRules } from './notify-rules.ts';
import { OciBundle, finish, firstLine } from './oci-bundle.fixture.ts';
import { nativeProgram } from '../native-program.ts';

interface Raw {
  readonly kind: string;
  readonly pid?: number;
  readonly family?: number;
  readonly type?: number;
  readonly protocol?: number;
  readonly count?: number;
  readonly argv?: readonly string[];
}

const bundles: OciBundle[] = [];
const programs: ChildProcess[] = [];

/** A bundle with the trace program beside it, which a test reads, or does not, and ends as it likes. */
async function traced() {
  const bundle = await OciBundle.make();
  bundles.push(bundle);
  const folder = join(bundle.directory, 'telemetry');
  await mkdir(folder, { mode: 0o700 });
  const listenerPath = join(folder, 'trace.sock');
  const program = spawn(nativeProgram('trace'), [listenerPath], { stdio: ['pipe', 'pipe', 'inherit'] });
  programs.push(program);
  await once(program.stdout, 'readable');
  return { bundle, program, listenerPath, exited: once(program, 'exit') };
}

async function lines(program: ChildProcess): Promise<Raw[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of program.stdout ?? []) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8').trimEnd();
  return text.split('\n').map((line) => JSON.parse(line) as Raw);
}

afterEach(async () => {
  for (const bundle of bundles.splice(0)) await bundle.remove();
  for (const program of programs.splice(0)) program.kill('SIGKILL');
});

const FAMILIES = Array.from({ length: 48 }, (_, family) => family);
const TYPES = Array.from({ length: 16 }, (_, type) => type);
const PROTOCOLS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 18, 58, 132, 136, 255, 256, 262, 2 ** 31 - 1];

const MPTCP = 262;

/** What a job may open, said plainly: Unix, TCP, UDP, route netlink. */
function mayOpen(family: number, type: number, protocol: number): boolean {
  if (family === 1) return true;
  if (family === 16) return protocol === 0;
  if (family !== 2 && family !== 10) return false;
  return (type === 1 && [0, 6].includes(protocol)) || (type === 2 && [0, 17].includes(protocol));
}

describe('the trace program', () => {
  it('is asked about every socket that a job may not have, and about no other', async () => {
    const { bundle, program, listenerPath } = await traced();
    const script = `
import ctypes
socket = ctypes.CDLL(None, use_errno=True).syscall
number = {'x86_64': 41, 'aarch64': 198}[__import__('platform').machine()]
close = __import__('os').close
for family in range(48):
    for type in range(16):
        for protocol in ${JSON.stringify(PROTOCOLS)}:
            fd = socket(number, ctypes.c_long(family), ctypes.c_long(type | 0o2004000), ctypes.c_long(protocol))
            if fd >= 0: close(fd)
for at in range(3):
    words = [2, 1, 6]
    words[at] |= 1 << 40
    fd = socket(number, *map(ctypes.c_long, words))
    print(fd if fd < 0 else 'open')
print(socket(number, 2, 1, ${MPTCP}), ctypes.get_errno())`;
    const rules = [...executionRules(true), ...socketRules(true)];
    await bundle.configure(['/usr/bin/python3', '-c', script], listenerPath, rules);
    const seen = lines(program);
    const { stdout, code } = await bundle.run();
    expect(code).toBe(0);
    const refused = (await seen).filter((line) => line.kind === 'socket');
    const expected = FAMILIES.flatMap((family) =>
      TYPES.flatMap((type) =>
        PROTOCOLS.filter(
          (protocol) =>
            !mayOpen(family, type, protocol) &&
            // Refused without a word: programs ask for it by default and go on with TCP.
            !((family === 2 || family === 10) && type === 1 && protocol === MPTCP),
        ).map((protocol) => [family, type, protocol].join(' ')),
      ),
    );
    const table = refused.slice(0, expected.length);
    expect(table.map(({ family, type, protocol }) => [family, type, protocol].join(' '))).toEqual(expected);
    // Garbage in the upper half of a register: refused for family and protocol, without meaning for the type.
    expect(stdout).toBe('-1\nopen\n-1\n-1 93\n');
  });

  it('never slows a job for a slow reader: what it cannot keep, it counts', async () => {
    const { bundle, program, listenerPath } = await traced();
    const script = `
import os
for i in range(600):
    os.waitpid(os.posix_spawn('/usr/bin/true', ['true', str(i), 'x' * 3900], {}), 0)
print('done')`;
    await bundle.configure(['/usr/bin/python3', '-c', script], listenerPath, executionRules(true));
    expect((await bundle.run()).stdout).toBe('done\n');
    const seen = await lines(program);
    const kept = seen.filter((line) => line.kind === 'exec');
    const lost = seen.reduce((sum, line) => sum + (line.kind === 'dropped' ? (line.count ?? 0) : 0), 0);
    expect(lost).toBeGreaterThan(0);
    expect(
      kept.length + lost + seen.filter((line) => line.kind === 'attached').length,
    ).toBeGreaterThanOrEqual(602);
    expect(kept.length).toBeGreaterThan(200);
  });

  it('ends with the engine, and from then on nothing can be started in the sandbox', async () => {
    const { bundle, program, listenerPath, exited } = await traced();
    const script = `
import os, sys
print('up', flush=True)
sys.stdin.readline()
for start in (lambda: os.execv('/usr/bin/true', ['true']), lambda: os.execve(os.open('/usr/bin/true', 0), ['true'], {})):
    try: start()
    except OSError as failure: print(failure.errno)`;
    await bundle.configure(['/usr/bin/python3', '-c', script], listenerPath, executionRules(true));
    const running = bundle.start();
    await firstLine(running);
    program.stdin?.destroy();
    program.stdout?.destroy();
    expect(await exited).toEqual([0, null]);
    running.stdin?.write('go\n');
    expect((await finish(running)).stdout).toBe('38\n38\n');
  });

  it('ends by itself when the last process of the sandbox is gone, with everything said', async () => {
    const { bundle, program, listenerPath, exited } = await traced();
    await bundle.configure(['/bin/sh', '-c', 'sleep 0 & exit 3'], listenerPath, executionRules(true));
    const seen = lines(program);
    expect((await bundle.run()).code).toBe(3);
    expect(await exited).toEqual([0, null]);
    expect((await seen).at(-1)).toEqual({ kind: 'ended' });
  });

  it('goes on when a caller is killed while it waits', async () => {
    const { bundle, program, listenerPath } = await traced();
    const script = `
import os, sys, time
print('up', flush=True)
sys.stdin.readline()
child = os.fork()
if child == 0: os.execv('/usr/bin/sleep', ['sleep', '61'])
number = {'x86_64': '59', 'aarch64': '221'}[os.uname().machine]
while open(f'/proc/{child}/syscall').read().split()[0] != number: time.sleep(0.001)
os.kill(child, 9)
os.waitpid(child, 0)
print('killed', flush=True)
os.execv('/usr/bin/echo', ['echo', 'after'])`;
    await bundle.configure(['/usr/bin/python3', '-c', script], listenerPath, executionRules(true));
    const seen = lines(program);
    const running = bundle.start();
    await firstLine(running);
    program.kill('SIGSTOP');
    running.stdin?.write('go\n');
    expect(await firstLine(running)).toBe('killed\n');
    program.kill('SIGCONT');
    expect((await finish(running)).stdout).toBe('after\n');
    const started = (await seen).filter((line) => line.kind === 'exec').map((line) => line.argv?.at(-1));
    expect(started.slice(1)).toEqual(['after']);
  });

  it('sees an execution by a thread under its process, and what a descriptor without a name was', async () => {
    const { bundle, program, listenerPath } = await traced();
    const script = `
import os, threading
file = os.memfd_create('payload')
os.write(file, open('/usr/bin/echo', 'rb').read())
if os.fork() == 0: threading.Thread(target=lambda: os.execve(file, ['payload', str(os.getpid())], {})).start()
else: os.wait()`;
    await bundle.configure(['/usr/bin/python3', '-c', script], listenerPath, executionRules(true));
    const seen = lines(program);
    const pid = (await bundle.run()).stdout.trim();
    expect((await seen).filter((line) => line.kind === 'exec').at(-1)).toMatchObject({
      pid: Number(pid),
      parent: 1,
      path: '/memfd:payload (deleted)',
      argv: ['payload', pid],
    });
  });
});
