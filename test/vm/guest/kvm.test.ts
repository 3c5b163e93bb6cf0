import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chooseRuntime, type Sandbox } from '../../../src/sandbox/index.ts';
import { openMicrovm } from '../../../src/sandbox/microvm/open-microvm.ts';
import { qemu } from '../../../src/sandbox/microvm/qemu.ts';
import { SANDBOXES } from '../../../src/sandbox/oci/here.fixture.ts';
import { defaultControls } from '../../../src/zone/index.ts';
import { Host } from './command.fixture.ts';

/** A processor that is emulated, in which another is virtual. */
const LONG_MS = 1_200_000;

let namespace: ChildProcess;
let sandbox: Sandbox | undefined;
beforeAll(async () => {
  // This test machine's processor is an AMD one by QEMU, which emulates their virtualisation (SVM) too.
  execFileSync('modprobe', ['kvm_amd']);
  execFileSync('modprobe', ['tun']);
  process.env['COFFERDAM_GUEST_KERNEL'] = process.env['VM_GUEST_KERNEL'];
  namespace = spawn('unshare', ['-n', 'sh', '-c', 'ip link set lo up; echo up; exec sleep 6000']);
  await new Promise((resolve) => namespace.stdout?.once('data', resolve));
});
afterAll(async () => {
  await sandbox?.destroy();
  namespace.kill('SIGKILL');
});

describe('where KVM works', () => {
  test('a microVM is run by it, with every wall held, and a job has no device of it', async () => {
    const directory = mkdtempSync(join(SANDBOXES, 'cofferdam-test-'));
    rmSync(directory, { recursive: true });
    const opened = await openMicrovm(
      {
        runId: `V${directory.slice(-6)}`,
        jobId: 'test',
        controls: defaultControls('untrusted', { memoryBytes: 1e9, cpus: 1 }),
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
      {
        directory,
        observe: () => undefined,
        idSlot: 13,
        runtime: chosen(),
      },
      [LONG_MS, LONG_MS],
      qemu,
      LONG_MS,
    );
    if (!opened.ok) throw new Error(opened.error.why);
    sandbox = opened.value;
    const { machine, checks } = sandbox.receipt;
    expect(machine).toMatchObject({ acceleration: 'kvm' });
    expect(machine?.notKvm).toBeUndefined();
    expect(checks.filter(({ held }) => !held)).toEqual([]);
    const running = sandbox.start({
      stepId: 'look',
      argv: ['/bin/sh', '-c', 'uname -r; ls /dev; grep -c -E "svm|vmx" /proc/cpuinfo'],
      environment: { PATH: '/usr/bin:/bin' },
      workingDirectory: '/',
    });
    let said = '';
    running.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    await running.exited;
    expect(said).not.toContain('kvm');
    // The number of processors that could virtualise.
    expect(said.trim().endsWith('\n0')).toBe(true);
  });
});

test('a kernel that was told not to count what sockets hold is named in the receipt of a job', () => {
  const host = new Host();
  try {
    const ran = host.script('"$@"', host.command('exec', '--apply', 'never', '--', 'true'));
    expect(ran.status, ran.all).toBe(0);
    const record = host.script('cat "$COFFERDAM_STATE"/runs/*/record/*', []).stdout;
    expect(record).toContain(
      '"uncounted":[{"limit":"memoryBytes","what":"memory of sockets","why":"its kernel was started with cgroup.memory=nosocket"}]',
    );
  } finally {
    host.remove();
  }
});

function chosen() {
  const found = chooseRuntime({ floor: 'microvm' });
  if (!found.ok) throw new Error(found.error.why);
  return found.value;
}
