import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProbeCheck } from '../contract.ts';
import { JobSandbox } from '../oci/job-sandbox.fixture.ts';
import { defaultControls } from '../../zone/index.ts';
import { confinementChecks, wallLacking } from './receipt.ts';

let job: JobSandbox;
beforeAll(async () => {
  job = await JobSandbox.open();
});
afterAll(() => job.close());

/** The version of Landlock that is in force, by the receipt; 0: none. */
function abi(): number {
  const seen = job.sandbox.receipt.checks.find(({ id }) => id === 'landlock')?.seen ?? '';
  return Number(/^ABI (\d+)$/.exec(seen)?.[1] ?? 0);
}

async function said(script: string): Promise<string> {
  const { stdout, stderr } = await job.python(script);
  expect(stderr).toBe('');
  return stdout.toString('utf8').trim();
}

describe('a confined job', () => {
  test('writes nothing in /proc, which its mounts and its user allow, and has no signal for process 1', async () => {
    const attack = `
import os
def error(act):
    try: act()
    except OSError as failure: return failure.errno
    return 0
print([error(lambda: open('/proc/self/' + name, 'w')) for name in ('oom_score_adj', 'comm', 'mem', 'clear_refs', 'task/%d/comm' % os.getpid())],
  error(lambda: os.kill(1, 0)), error(lambda: os.mkfifo('/dev/x')))`;
    const profiled = job.sandbox.receipt.checks.some(
      ({ id, seen }) => id === 'apparmor' && seen === 'enforced',
    );
    const [files, signals] = [abi() >= 2 || profiled ? 13 : 0, abi() >= 6 ? 1 : profiled ? 13 : 0];
    expect(await said(attack)).toBe(`[${Array.from({ length: 5 }, () => files).join(', ')}] ${signals} 13`);
    expect(await said('print(open("/proc/self/oom_score_adj").read().strip())')).toBe('500');
  });

  test('does all that tools do where it may write: moves, links, devices, terminals, sockets, signals, programs of its own', async () => {
    const places = ['/work', '/tmp', '/home/runner', '/dev/shm'];
    const tools = `
import os, pty, shutil, signal, socket, subprocess, tempfile, threading
for place in ${JSON.stringify(places)}:
    top = tempfile.mkdtemp(dir=place)
    os.makedirs(top + '/a/b'); os.mkdir(top + '/c')
    open(top + '/a/b/x', 'w').write('1')
    os.rename(top + '/a/b/x', top + '/c/y')
    os.link(top + '/c/y', top + '/a/z')
    os.rename(top + '/a/b', top + '/c/b')
    os.symlink('c/y', top + '/s'); os.mkfifo(top + '/f')
    os.truncate(top + '/c/y', 0)
    s = socket.socket(socket.AF_UNIX); s.bind(top + '/u'); s.listen(); socket.socket(socket.AF_UNIX).connect(top + '/u')
    shutil.rmtree(top)
shutil.copy('/usr/bin/true', '/work/own'); subprocess.run(['/work/own'], check=True)
for path in ('/dev/null', '/dev/zero', '/dev/full'): open(path, 'r+b', buffering=0)
open('/dev/stdout', 'w').write('to stdout '); open('/dev/stderr', 'w').close()
pid, fd = pty.fork()
if pid == 0:
    os.system('stty size > /dev/null'); open('/dev/tty', 'w').write('tty'); os._exit(0)
print(os.read(fd, 3).decode(), os.waitpid(pid, 0)[1])
child = subprocess.Popen(['sleep', '60']); os.kill(child.pid, signal.SIGTERM); print(child.wait())
s = socket.socket(socket.AF_UNIX); s.bind('\\0own'); s.listen(); socket.socket(socket.AF_UNIX).connect('\\0own')
print(open('/proc/self/environ').read() != '', os.readlink('/proc/%d/exe' % os.getpid()) != '')`;
    expect(await said(tools)).toBe('to stdout tty 0\n-15\nTrue True');
  });

  test('signals and talks from one step to what an earlier one left running', async () => {
    const daemon = `
import os, socket, time
if os.fork() == 0:
    os.setsid(); s = socket.socket(socket.AF_UNIX); s.bind('\\0earlier'); s.listen(9)
    open('/work/pid', 'w').write(str(os.getpid()))
    os.close(1); os.close(2); time.sleep(60)
while not os.path.exists('/work/pid') or not open('/work/pid').read(): time.sleep(0.01)
os._exit(0)`;
    await said(daemon);
    expect(
      await said(`
import os, signal, socket
pid = int(open('/work/pid').read())
socket.socket(socket.AF_UNIX).connect('\\0earlier'); os.listdir('/proc/%d/fd' % pid); os.kill(pid, signal.SIGKILL); print('done')`),
    ).toBe('done');
  });

  test('may confine parts of itself further', async () => {
    const version = await said(`
import ctypes
print(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) >= 0)`);
    expect(version).toBe(abi() > 0 ? 'True' : 'False');
  });
});

const check = (id: string, held: boolean, seen: string): ProbeCheck => ({ id, kind: 'attack', held, seen });

describe('what is made of the word of process 1 on Landlock', () => {
  const armed = [check('landlock', true, 'ABI 7'), check('write-beyond-ruleset', true, 'EACCES')];
  const none = [
    check('landlock', false, 'absent: errno 38'),
    check('write-beyond-ruleset', false, 'success'),
    check('signal-beyond-domain', false, 'success'),
  ];

  test('its lack is said where the kernel has none, and what only it stops is not asked', () => {
    expect(confinementChecks(none, 0)).toEqual([check('landlock', true, 'absent: this kernel has none')]);
    expect(confinementChecks(none, 1)).toEqual([
      check('landlock', true, 'absent: this kernel\u2019s is too old to be used'),
    ]);
  });

  test('its lack is refused where the kernel has it, and so is an older version of it', () => {
    expect(confinementChecks(none, 7).every(({ held }) => !held)).toBe(true);
    expect(confinementChecks(none, 7)).toHaveLength(4);
    expect(confinementChecks([check('landlock', true, 'ABI 3')], 7)).toContainEqual(
      check('landlock', false, 'ABI 3'),
    );
    expect(confinementChecks([check('landlock', false, 'failed at /x: errno 2')], 0)[0]?.held).toBe(false);
  });

  test('a zone that asks for a second wall is refused without it, or when nobody can say', () => {
    const controls = defaultControls('untrusted', { memoryBytes: 1e9, cpus: 1 });
    const asking = (wall: 'landlock' | 'apparmor') => ({ ...controls, secondWalls: [wall] });
    const lack = confinementChecks(none, 0);
    expect(wallLacking(controls, lack)).toBeUndefined();
    expect(wallLacking(asking('landlock'), armed)).toBeUndefined();
    expect(wallLacking(asking('landlock'), lack)).toMatchObject({
      rule: 'isolation/second-wall',
      why: 'zone untrusted asks for landlock, and it is absent: this kernel has none',
    });
    expect(wallLacking(asking('apparmor'), armed)?.rule).toBe('isolation/second-wall');
  });

  test('an AppArmor profile is asked for what it stops too, whichever version there is', () => {
    const old = [check('landlock', true, 'ABI 2'), ...none.slice(1)];
    expect(confinementChecks(old, 2, 'profile').map(({ id }) => id)).toEqual([
      'landlock',
      'write-beyond-ruleset',
      'signal-beyond-domain',
    ]);
    expect(confinementChecks(none, 0, 'profile').map(({ id }) => id)).toContain('signal-beyond-domain');
  });

  test('a label of SELinux’s must be seen inside, and stop what it stops, whichever version there is', () => {
    const label = 'system_u:system_r:cofferdam_job_t:s0:c1,c2';
    const held = (seen: readonly ProbeCheck[]) =>
      confinementChecks([check('landlock', true, 'ABI 2'), ...seen], 2, label)
        .filter((one) => one.held)
        .map(({ id }) => id);
    const inside = { id: 'label-inside', kind: 'state', held: true, seen: label } as const;
    expect(held([])).toEqual(['landlock']);
    expect(held([inside, check('executable-heap', true, 'EACCES')])).toEqual([
      'landlock',
      'label-inside',
      'executable-heap',
    ]);
    expect(held([{ ...inside, seen: label.replace('c2', 'c3') }])).toEqual(['landlock']);
    expect(held([check('abstract-socket-beyond-domain', true, 'EACCES')])).toContain(
      'abstract-socket-beyond-domain',
    );
  });

  test('a version without scopes is not asked for them, one with them is', () => {
    const old = [check('landlock', true, 'ABI 5'), ...none.slice(1)];
    expect(confinementChecks(old, 5).map(({ id }) => id)).toEqual(['landlock', 'write-beyond-ruleset']);
    expect(
      confinementChecks(armed, undefined)
        .filter(({ held }) => !held)
        .map(({ id }) => id),
    ).toEqual(['signal-beyond-domain', 'abstract-socket-beyond-domain']);
  });
});
