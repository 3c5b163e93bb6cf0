import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerRuntime } from '../../../src/sandbox/index.ts';
import { Cgroup } from '../../../src/sandbox/oci/cgroup.ts';
import { prepareParent } from '../../../src/sandbox/oci/cgroup-parent.ts';
import { RUNC } from '../../../src/sandbox/oci/job-sandbox.fixture.ts';
import { writeRootTree } from '../../../src/sandbox/oci/root-files.ts';
import type { Mount } from '../../../src/sandbox/oci/runtime-spec.ts';
import { raiseSecondWalls } from '../../../src/sandbox/oci/second-walls.ts';
import { startContainer } from '../../../src/sandbox/oci/start-container.ts';
import { startingOf } from '../../../src/sandbox/oci/starting.ts';
import { nativeProgram } from '../../../src/sandbox/native-program.ts';
import { readHostFacts } from '../../../src/sandbox/plan/host-facts.ts';
import { planSandbox } from '../../../src/sandbox/plan/plan-sandbox.ts';
import { InitSession } from '../../../src/sandbox/process/session.ts';
import { seLinuxWall } from '../../../src/sandbox/selinux/index.ts';
import { openWorkspace } from '../../../src/sandbox/workspace/index.ts';
import { defaultControls } from '../../../src/zone/index.ts';

export const FIRST_HOST_ID = 0x5100_0000;

/**
 * A job of a sandbox whose runtime left the host's `/usr` writable, and in which all else stands: between the job and the host's files
 * is the security module alone. Off: the same without it. What the product would refuse is not asked. The machine is a virtual one and
 * ends with the suite.
 */
export class UsrWritten {
  #namespace: ChildProcess | undefined;
  #end: (() => Promise<void>) | undefined;

  /** `places` are shown to it besides, for writing. Gives what the script, in Python, said. */
  async attack(
    script: string,
    walled: boolean,
    places: readonly { readonly source: string; readonly destination: string }[] = [],
    runtime: ContainerRuntime = RUNC,
  ): Promise<string> {
    await this.end();
    const namespace = spawn('unshare', ['-n', 'sh', '-c', 'ip link set lo up; echo up; exec sleep 6000']);
    this.#namespace = namespace;
    await new Promise((resolve) => namespace.stdout.once('data', resolve));
    const directory = mkdtempSync('/run/cofferdam-test-');
    const host = prepareParent(readHostFacts());
    const own = join(directory, 'private');
    const bundle = join(directory, 'bundle');
    const rootfs = join(bundle, 'rootfs');
    const planned = planSandbox(
      {
        runId: 'x',
        jobId: 'x',
        controls: defaultControls('untrusted', { memoryBytes: 500_000_000, cpus: 1 }),
        root: { kind: 'host' },
        workspace: { path: '/work' },
        readPaths: [],
        writePaths: [],
        files: [],
        temporary: places.map(({ destination }) => destination),
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
    mkdirSync(bundle, { mode: 0o711 });
    mkdirSync(own, { mode: 0o700 });
    const seLinux = walled
      ? seLinuxWall({ ...plan, ownKernel: false, rootless: false })
      : ({ lack: 'none' } as const);
    const workspace = await openWorkspace({
      directory: own,
      sizeBytes: 10_000_000,
      inodes: 1_000,
      hostUid: plan.hostUid,
      hostGid: plan.hostGid,
      exchangeBytes: 1_000_000,
      exchangeInodes: 100,
      label: seLinux.labels?.files,
    });
    if (!workspace.ok) throw new Error(workspace.error.why);
    writeRootTree(rootfs, plan.tree);
    const raised = walled ? await raiseSecondWalls(plan, false, false, seLinux, bundle) : undefined;
    if (raised !== undefined && !raised.ok) throw new Error(raised.error.why);
    const walls = raised?.value;
    const laid = await walls?.laid({ kind: 'host' });
    if (laid !== undefined && !laid.ok) throw new Error(laid.error.why);
    const mounts = plan.config.mounts.map((mount): Mount => {
      const place = places.find(({ destination }) => destination === mount.destination);
      if (place !== undefined) return { ...place, type: 'bind', options: ['bind', 'rw'] };
      if (mount.destination !== '/usr') return mount;
      return { ...mount, options: mount.options.map((option) => (option === 'ro' ? 'rw' : option)) };
    });
    const config = { ...plan.config, mounts };
    const started = await startContainer(
      startingOf(runtime, walls?.config(config) ?? config, plan, host, bundle),
    );
    if (!started.ok) throw new Error(started.error.why);
    const session = new InitSession(started.value.control);
    const cgroup = new Cgroup(host, plan.cgroupPath);
    this.#end = async () => {
      session.close();
      await cgroup.empty(20_000);
      cgroup.remove();
      await workspace.value.close();
      const left = walls?.remove() ?? [];
      rmSync(directory, { recursive: true, force: true });
      if (left.length > 0) throw new Error(`left behind: ${left.join(' ')}`);
    };
    await session.probe(
      plan.probeName,
      { hidden: [], readOnly: [] },
      plan.writable,
      undefined,
      walls?.forJob,
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

  /** Takes the last sandbox away; what stays of it is a failure. */
  async end(): Promise<void> {
    const end = this.#end;
    this.#end = undefined;
    await end?.();
    this.#namespace?.kill('SIGKILL');
    this.#namespace = undefined;
  }
}

/** An act as a script: it says `done`, or the number of the error. */
export const ACT = (act: string): string => `
import os, signal
try: ${act}; print('done')
except OSError as failure: print(failure.errno)`;
