import { chmodSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ok, type Refusal, type Result } from '../../base/index.ts';
import {
  Cgroup,
  type ContainerRuntime,
  InitSession,
  JOB_GID,
  JOB_UID,
  nativeProgram,
  openWorkspace,
  planSandbox,
  readHostFacts,
  startContainer,
  startingOf,
  writeRootTree,
} from '../../sandbox/index.ts';
import type { JobRequest } from './job-request.ts';
import { endEach } from './end-each.ts';
import { leakyJob } from './leaky-job.ts';
import { lackingWalls, type WallName } from './walls.ts';

/** One program in a weakened sandbox. */
export interface WeakenedStep {
  readonly argv: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
}

/** A sandbox of the product's plan that lacks walls. Its end is that of its throwaway machine, unless it is closed before. */
export interface WeakenedSandbox {
  readonly cgroup: Cgroup;
  /** The exchange folder, as it is outside. */
  readonly exchange: string;
  /** Runs a program until it ends, or is killed after `timeoutMs`. Throws when it could not be started. */
  readonly run: (step: WeakenedStep, timeoutMs: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

const DOCKER = { hostPath: '/run/replay/docker.sock', path: '/run/docker.sock', file: true } as const;
/** What the last job changed in its copy of the work folder. */
export const KEPT = '/run/replay/kept';
const FIRST_HOST_ID = 0x5000_0000;
/** How long what a program left behind may still write. */
const TRAILING_MS = 50;

/**
 * Opens the sandbox that the product would give the job, less the walls that are named, and without the proof that it is
 * armed. For the off-run only: this must stand in a throwaway machine, which ends whatever is left.
 */
export async function openWeakened(
  request: JobRequest,
  without: readonly WallName[],
  home: string,
  runtime: ContainerRuntime,
): Promise<WeakenedSandbox> {
  const host = readHostFacts();
  const directory = `/run/replay/sandbox-${request.id}`;
  const own = join(directory, 'private');
  const rootfs = join(directory, 'bundle/rootfs');
  const planned = planSandbox(
    {
      runId: 'replay',
      jobId: request.id,
      controls: request.controls,
      root: { kind: 'host' },
      workspace: { path: request.workFolder },
      readPaths: request.readPaths,
      writePaths: [
        ...(without.includes('fresh-home') ? [{ hostPath: home, path: '/home/runner' }] : []),
        ...(without.includes('no-host-sockets') ? [DOCKER] : []),
      ],
      files: request.files,
      networkNamespace: '/proc/self/ns/net',
      temporary: [],
      probeName: 'none.probe.invalid',
      hostname: 'sandbox',
    },
    host,
    {
      containerId: `replay-${request.id}`,
      rootfs,
      merged: without.includes('fresh-workspace') ? request.workFolder : join(own, 'workspace/merged'),
      exchange: join(own, 'workspace/exchange'),
      init: nativeProgram('init'),
      ids: { root: FIRST_HOST_ID, user: FIRST_HOST_ID + JOB_UID },
    },
  );
  if (!planned.ok) throw new Error(planned.error.why);
  const plan = { ...planned.value, config: lackingWalls(planned.value.config, without) };
  for (const folder of [directory, join(directory, 'bundle')]) mkdirSync(folder, { mode: 0o711 });
  mkdirSync(own, { mode: 0o700 });
  const { limits } = request.controls;
  const workspace = without.includes('user-namespace')
    ? plainFolders(own, request.workFolder)
    : await openWorkspace({
        directory: own,
        source: request.workFolder,
        sizeBytes: without.includes('size-limit') ? 2 ** 30 : limits.workspaceBytes,
        inodes: without.includes('inode-limit') ? 2 ** 20 : limits.workspaceInodes,
        hostUid: FIRST_HOST_ID + JOB_UID,
        hostGid: FIRST_HOST_ID + JOB_GID,
        exchangeBytes: 1_048_576,
        exchangeInodes: 1_024,
      });
  if (!workspace.ok) throw new Error(workspace.error.why);
  writeRootTree(rootfs, plan.tree);
  const cgroup = new Cgroup(host, plan.cgroupPath);
  const starting = startingOf(runtime, plan.config, plan, host, join(directory, 'bundle'));
  if (without.includes('closed-descriptors'))
    return {
      cgroup,
      exchange: workspace.value.exchangeHostPath,
      run: (step) => leakyJob(starting, step, request.output),
      close: async () => void (await workspace.value.close({ keepUpperAt: KEPT })),
    };
  const started = await startContainer(starting);
  if (!started.ok) throw new Error(started.error.why);
  const session = new InitSession(started.value.control);
  session.unproven();
  return {
    cgroup,
    exchange: workspace.value.exchangeHostPath,
    run: async (step, timeoutMs) => {
      const process_ = session.start({ stepId: 'command', ...step });
      for (const stream of [process_.stdout, process_.stderr] satisfies Readable[])
        stream.on('data', request.output);
      const timer = setTimeout(() => process_.signal('SIGKILL'), timeoutMs);
      const exit = await process_.exited;
      clearTimeout(timer);
      await sleep(TRAILING_MS);
      if (exit.failure !== undefined) throw new Error(`a program could not be started: ${exit.failure}`);
    },
    close: async () => {
      session.close();
      endEach(cgroup.processes());
      await cgroup.empty(3_000);
      await workspace.value.close({ keepUpperAt: KEPT });
      cgroup.remove();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface Folders {
  readonly exchangeHostPath: string;
  readonly close: (options: object) => Promise<unknown>;
}

/** Without users of its own a job gets a plain copy of the folder, which every user may write. */
function plainFolders(directory: string, source: string): Result<Folders, Refusal> {
  for (const name of ['workspace/merged', 'workspace/exchange']) {
    mkdirSync(join(directory, name), { recursive: true });
    chmodSync(join(directory, name), 0o777);
  }
  cpSync(source, join(directory, 'workspace/merged'), { recursive: true });
  return ok({
    exchangeHostPath: join(directory, 'workspace/exchange'),
    close: () => Promise.resolve(),
  });
}
