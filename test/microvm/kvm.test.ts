import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Cgroup, chooseRuntime, readHostFacts, type Sandbox } from '../../src/sandbox/index.ts';
import { guestFolder } from '../../src/sandbox/microvm/guest-kernel.ts';
import { forgetVerdict } from '../../src/sandbox/microvm/kvm-verdict.ts';
import type { Machine, MachineMonitor } from '../../src/sandbox/microvm/monitor.ts';
import { openMicrovm } from '../../src/sandbox/microvm/open-microvm.ts';
import { qemu } from '../../src/sandbox/microvm/qemu.ts';
import { SANDBOXES } from '../../src/sandbox/oci/here.fixture.ts';
import { defaultControls } from '../../src/zone/index.ts';

const found = chooseRuntime({ floor: 'microvm' });
if (!found.ok) throw new Error(`${found.error.why}: ${found.error.fix}`);
const QEMU = found.value;
const DEVICE = '/dev/kvm';
const HAS_DEVICE = lstatSync(DEVICE, { throwIfNoEntry: false })?.isCharacterDevice() === true;

let cache = '';
const before = { ...process.env };
beforeAll(() => {
  const kernel = join(guestFolder(), 'kernel');
  cache = mkdtempSync(join(tmpdir(), 'kvm-'));
  process.env['COFFERDAM_GUEST_KERNEL'] ??= kernel;
  process.env['XDG_CACHE_HOME'] = cache;
});
afterAll(() => {
  rmSync(cache, { recursive: true, force: true });
  process.env = before;
});

let namespace: ChildProcess;
let directory = '';
let sandbox: Sandbox | undefined;
beforeEach(async () => {
  forgetVerdict(guestFolder());
  directory = mkdtempSync(join(SANDBOXES, 'cofferdam-test-'));
  rmSync(directory, { recursive: true });
  namespace = spawn('unshare', ['-n', 'sh', '-c', 'ip link set lo up; echo up; exec sleep 600']);
  await new Promise((resolve) => namespace.stdout?.once('data', resolve));
});
afterEach(async () => {
  await sandbox?.destroy();
  sandbox = undefined;
  namespace.kill('SIGKILL');
  expect(existsSync(directory)).toBe(false);
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(directory);
});

async function open(acceleration: 'auto' | 'kvm' | 'tcg' | undefined, monitor: MachineMonitor = qemu) {
  const controls = defaultControls('untrusted', { memoryBytes: 1e9, cpus: 1 });
  const isolation = { ...controls.isolation, ...(acceleration !== undefined && { acceleration }) };
  const result = await openMicrovm(
    {
      runId: `K${directory.slice(-6)}`,
      jobId: 'test',
      controls: { ...controls, isolation },
      root: { kind: 'host' },
      workspace: { path: '/work' },
      readPaths: [],
      writePaths: [],
      files: [],
      temporary: [],
      networkNamespace: `/proc/${namespace.pid}/ns/net`,
      probeName: 'name.probe.invalid',
      hostname: 'sandbox',
    },
    { directory, observe: () => undefined, idSlot: 12, runtime: QEMU },
    undefined,
    monitor,
  );
  if (result.ok) sandbox = result.value;
  return result;
}

const kept = (): unknown => JSON.parse(readFileSync(join(guestFolder(), 'kvm.json'), 'utf8'));

/** Uses the device as far as it works on every machine that has one: a version, a machine, a processor. */
const USE = `
import fcntl, os, sys
def use():
    device = os.open('/dev/kvm', os.O_RDWR)
    version = fcntl.ioctl(device, 0xAE00, 0)
    machine = fcntl.ioctl(device, 0xAE01, 0)
    fcntl.ioctl(machine, 0xAE41, 0)
    return version
`;

/** A monitor that uses the device and then does what it is told; what it is told to be KVM is translated. */
const using = (then: (machine: Machine, argv: readonly string[]) => string): MachineMonitor => ({
  command: (program, machine) => {
    const argv = qemu.command(program, { ...machine, acceleration: 'tcg' });
    return ['/usr/bin/python3', '-c', USE + then(machine, argv), ...argv];
  },
});
const RUN = 'os.execv(sys.argv[1], sys.argv[1:])\n';

describe('a microVM', () => {
  test('is translated where the operator asks for it, and nothing is tried', async () => {
    const opened = await open('tcg');
    if (!opened.ok) throw new Error(opened.error.why);
    expect(opened.value.receipt.machine).toMatchObject({
      acceleration: 'tcg',
      notKvm: 'the operator\u2019s file asks for tcg',
    });
    expect(existsSync(join(guestFolder(), 'kvm.json'))).toBe(false);
  });

  test('is run as a try of KVM says, and the try is kept', async () => {
    const opened = await open(undefined);
    if (!opened.ok) throw new Error(opened.error.why);
    const { machine } = opened.value.receipt;
    expect(machine?.notKvm === undefined).toBe(machine?.acceleration === 'kvm');
    if (HAS_DEVICE) expect(kept()).toMatchObject({ verdict: { usable: machine?.acceleration === 'kvm' } });
  });
});

const HANGS = using(({ tries }) => (tries === true ? 'use()\nimport time\ntime.sleep(600)\n' : RUN));
const WORKS = using(({ acceleration }) => (acceleration === 'kvm' ? `use()\n${RUN}` : RUN));
/** The device must not be there, nor may it be made. */
const LACKS = `
for how in (use, lambda: os.mknod('/tmp/kvm', 0o020666, os.makedev(10, 232))):
    try: how()
    except OSError: continue
    sys.exit('the device is here')
`;

const ofDevice = (): void => {
  test('is refused where it must be run by KVM and that hangs, within the time of a try, and leaves nothing', async () => {
    const opened = await open('kvm', HANGS);
    expect(opened).toMatchObject({
      ok: false,
      error: {
        kind: 'machine',
        rule: 'microvm/no-kvm',
        why: expect.stringMatching(
          /^zone untrusted asks for KVM, and it does not work here: the word of a guest did not come within 20 s/,
        ),
      },
    });
    expect(kept()).toMatchObject({ verdict: { usable: false } });
  });

  test('is translated where KVM hangs, and the receipt says why; the next one does not try again', async () => {
    const first = await open(undefined, HANGS);
    if (!first.ok) throw new Error(first.error.why);
    const why = 'the word of a guest did not come within 20 s';
    expect(first.value.receipt.machine).toMatchObject({ acceleration: 'tcg', notKvm: why });
    await first.value.destroy();
    const second = await open('auto', WORKS);
    if (!second.ok) throw new Error(second.error.why);
    expect(second.value.receipt.machine).toMatchObject({ acceleration: 'tcg', notKvm: why });
  });

  test('has the device in the sandbox of its monitor when a try has shown that it works, and in no other place', async () => {
    const opened = await open('kvm', WORKS);
    if (!opened.ok) throw new Error(opened.error.why);
    const { machine, checks } = opened.value.receipt;
    expect(machine?.acceleration).toBe('kvm');
    expect(machine?.notKvm).toBeUndefined();
    expect(checks.every(({ held }) => held)).toBe(true);
    const running = opened.value.start({
      stepId: 'look',
      argv: ['/bin/sh', '-c', 'ls /dev; ls /dev/kvm'],
      environment: { PATH: '/usr/bin:/bin' },
      workingDirectory: '/',
    });
    let said = '';
    running.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    expect((await running.exited).code).not.toBe(0);
    expect(said).toContain('null');
    expect(said).not.toContain('kvm');
  });

  test('that is translated has a monitor that cannot have the device', async () => {
    const opened = await open(
      'tcg',
      using(() => LACKS + RUN),
    );
    expect(opened.ok ? '' : opened.error.why).toBe('');
  });
};

/** Where the first hierarchy freezes: what is frozen is in state D, and no signal ends it. */
const FREEZER = '/sys/fs/cgroup/freezer/cofferdam';

async function freeze(group: string): Promise<void> {
  const state = join(FREEZER, group, 'freezer.state');
  while (!existsSync(state)) await sleep(20);
  // It is armed first, and then uses the device and hangs.
  await sleep(5_000);
  writeFileSync(state, 'FROZEN');
}

const ofFreezer = (): void => {
  test('is run all the same, and the process is named, not waited for and not joined by another', async () => {
    const group = `k${directory.slice(-6)}-test-kvm`.toLowerCase();
    const freezing = freeze(group);
    const opened = await open(undefined, HANGS);
    await freezing;
    const verdict = JSON.parse(readFileSync(join(guestFolder(), 'kvm.json'), 'utf8')) as unknown;
    forgetVerdict(guestFolder());
    const remembered = existsSync(join(guestFolder(), 'kvm.json'));
    writeFileSync(join(FREEZER, group, 'freezer.state'), 'THAWED');
    const own = new Cgroup(readHostFacts(), `/cofferdam/${group}`);
    expect(await own.empty(10_000)).toBe(true);
    expect(own.remove()).toEqual([]);
    if (!opened.ok) throw new Error(opened.error.why);
    expect(opened.value.receipt.machine?.acceleration).toBe('tcg');
    expect(opened.value.receipt.machine?.notKvm).toMatch(/; its process \d+ does not end \(state D\)/);
    expect(verdict).toMatchObject({
      verdict: { stuck: expect.arrayContaining([expect.stringMatching(/^\d+:\d+$/)]) },
    });
    expect(remembered).toBe(true);
    forgetVerdict(guestFolder());
    expect(existsSync(join(guestFolder(), 'kvm.json'))).toBe(false);
  });
};
if (HAS_DEVICE && existsSync(FREEZER)) describe('a microVM whose try of KVM no signal ends', ofFreezer);
if (HAS_DEVICE) describe('a microVM on a machine with the device', ofDevice);
