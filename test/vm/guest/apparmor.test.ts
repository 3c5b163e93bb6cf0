import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appArmorNames } from '../../../src/sandbox/apparmor/index.ts';
import { nativeProgram } from '../../../src/sandbox/native-program.ts';
import { startContainer } from '../../../src/sandbox/oci/start-container.ts';
import { writeRootTree } from '../../../src/sandbox/oci/root-files.ts';
import { raiseSecondWalls, type SecondWalls } from '../../../src/sandbox/oci/second-walls.ts';
import { startingOf } from '../../../src/sandbox/oci/starting.ts';
import { Cgroup } from '../../../src/sandbox/oci/cgroup.ts';
import { prepareParent } from '../../../src/sandbox/oci/cgroup-parent.ts';
import { JobSandbox, RUNC } from '../../../src/sandbox/oci/job-sandbox.fixture.ts';
import { readHostFacts } from '../../../src/sandbox/plan/host-facts.ts';
import { planSandbox } from '../../../src/sandbox/plan/plan-sandbox.ts';
import { InitSession } from '../../../src/sandbox/process/session.ts';
import { LANDLOCK } from '../../../src/sandbox/process/weakening.fixture.ts';
import { openWorkspace } from '../../../src/sandbox/workspace/index.ts';
import { defaultControls } from '../../../src/zone/index.ts';

// Attacks on a sandbox whose runtime left /usr writable, and in which Landlock stands: what is between the job and the host's files
// then is AppArmor alone. Off: the same without the profiles. The machine is a virtual one and ends with the suite.

const FIRST_HOST_ID = 0x5100_0000;
const VICTIM = '/usr/share/cofferdam-victim';
let namespace: ChildProcess;
let directory = '';
let end: () => Promise<void> = async () => undefined;

beforeEach(async () => {
  namespace = spawn('unshare', ['-n', 'sh', '-c', 'ip link set lo up; echo up; exec sleep 6000']);
  await new Promise((resolve) => namespace.stdout?.once('data', resolve));
  directory = mkdtempSync('/run/cofferdam-test-');
  writeFileSync(VICTIM, 'before', { mode: 0o644 });
  chownSync(VICTIM, FIRST_HOST_ID + 1001, FIRST_HOST_ID + 1001);
});
afterEach(async () => {
  await end();
  namespace.kill('SIGKILL');
  rmSync(VICTIM);
});

/** A job of a sandbox with /usr writable; what the product would refuse is not asked. */
async function attack(script: string, profiled: boolean): Promise<string> {
  const host = prepareParent(readHostFacts());
  const own = join(directory, 'private');
  const rootfs = join(directory, 'bundle/rootfs');
  const controls = defaultControls('untrusted', { memoryBytes: 500_000_000, cpus: 1 });
  const planned = planSandbox(
    {
      runId: 'x',
      jobId: 'x',
      controls,
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
    host,
    {
      containerId: `weak-${directory.slice(-6).toLowerCase()}`,
      rootfs,
      merged: join(own, 'workspace/merged'),
      exchange: join(own, 'workspace/exchange'),
      init: nativeProgram('init'),
      ids: { root: FIRST_HOST_ID, user: FIRST_HOST_ID + 1_001 },
    },
  );
  if (!planned.ok) throw new Error(planned.error.why);
  const plan = planned.value;
  chmodSync(directory, 0o711);
  mkdirSync(join(directory, 'bundle'), { mode: 0o711 });
  mkdirSync(own, { mode: 0o700 });
  const workspace = await openWorkspace({
    directory: own,
    sizeBytes: 10_000_000,
    inodes: 1_000,
    hostUid: plan.hostUid,
    hostGid: plan.hostGid,
    exchangeBytes: 1_000_000,
    exchangeInodes: 100,
  });
  if (!workspace.ok) throw new Error(workspace.error.why);
  writeRootTree(rootfs, plan.tree);
  const walls: SecondWalls | undefined = profiled ? await raised(plan) : undefined;
  const mounts = plan.config.mounts.map((mount) =>
    mount.destination === '/usr'
      ? { ...mount, options: mount.options.map((option) => (option === 'ro' ? 'rw' : option)) }
      : mount,
  );
  const config = { ...plan.config, mounts };
  const started = await startContainer(
    startingOf(RUNC, walls?.config(config) ?? config, plan, host, join(directory, 'bundle')),
  );
  if (!started.ok) throw new Error(started.error.why);
  const session = new InitSession(started.value.control);
  const cgroup = new Cgroup(host, plan.cgroupPath);
  end = async () => {
    session.close();
    await cgroup.empty(20_000);
    cgroup.remove();
    await workspace.value.close();
    expect(walls?.remove() ?? []).toEqual([]);
    rmSync(directory, { recursive: true, force: true });
    end = async () => undefined;
  };
  await session.probe(
    plan.probeName,
    { hidden: [], readOnly: [] },
    plan.writable,
    undefined,
    walls?.apparmor,
  );
  const job = session.start({
    stepId: 's',
    argv: ['python3', '-c', script],
    environment: { PATH: '/usr/bin:/bin' },
    workingDirectory: '/work',
  });
  job.stdin.end();
  let said = '';
  for (const stream of [job.stdout, job.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
  await job.exited;
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  return said.trim();
}

async function raised(plan: Parameters<typeof raiseSecondWalls>[0]): Promise<SecondWalls> {
  const walls = await raiseSecondWalls(plan, false, false);
  if (!walls.ok) throw new Error(walls.error.why);
  return walls.value;
}

const ACT = (act: string): string => `
import os
try: ${act}; print('done')
except OSError as failure: print(failure.errno)`;

describe('where a runtime left a folder of the host writable, AppArmor alone', () => {
  test('keeps a job from changing the mode of a file', async () => {
    const script = ACT(`os.chmod('${VICTIM}', 0o666)`);
    expect(await attack(script, false)).toBe('done');
    expect(statSync(VICTIM).mode & 0o777).toBe(0o666);
    await end();
    writeFileSync(VICTIM, 'before');
    statSync(VICTIM);
    directory = mkdtempSync('/run/cofferdam-test-');
    const second = ACT(`os.chmod('${VICTIM}', 0o600)`);
    expect(await attack(second, true)).toBe('13');
    expect(statSync(VICTIM).mode & 0o777).toBe(0o666);
  });

  test('keeps a job from emptying a file, which Landlock does only from its third version', async () => {
    const script = ACT(`os.truncate('${VICTIM}', 0)`);
    expect(await attack(script, false)).toBe(LANDLOCK < 3 ? 'done' : '13');
    expect(readFileSync(VICTIM, 'utf8')).toBe(LANDLOCK < 3 ? '' : 'before');
    await end();
    writeFileSync(VICTIM, 'before');
    directory = mkdtempSync('/run/cofferdam-test-');
    expect(await attack(script, true)).toBe('13');
    expect(readFileSync(VICTIM, 'utf8')).toBe('before');
  });

  test('keeps a job from signalling process 1, which Landlock does only from its sixth version', async () => {
    expect(await attack(ACT('os.kill(1, 0)'), false)).toBe(LANDLOCK < 6 ? 'done' : '1');
    await end();
    directory = mkdtempSync('/run/cofferdam-test-');
    expect(await attack(ACT('os.kill(1, 0)'), true)).toBe(LANDLOCK < 6 ? '13' : '1');
  });
});

describe('the profiles of a sandbox', () => {
  const loaded = (): string => readFileSync('/sys/kernel/security/apparmor/profiles', 'utf8');

  test('are in force for what a step starts, and gone with the sandbox', async () => {
    const before = loaded();
    const job = await JobSandbox.open();
    const { stdout } = await job.python(
      'import subprocess; print(subprocess.run(["cat", "/proc/self/attr/current"], capture_output=True).stdout.decode())',
    );
    const label = stdout.toString('utf8').trim();
    expect(label).toMatch(/^cofferdam-(j[\w-]+)-test\/\/&cofferdam-\1-test-job \(enforce\)$/);
    expect(job.sandbox.receipt.checks).toContainEqual({
      id: 'apparmor',
      kind: 'state',
      held: true,
      seen: 'enforced',
    });
    expect(loaded()).toContain(`${appArmorNames(label.slice(10).split('//')[0] ?? '').job} (enforce)`);
    await job.close();
    expect(loaded()).toBe(before);
  });
});
