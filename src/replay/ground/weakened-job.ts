import { chmodSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { ok, type Refusal, type Result } from '../../base/index.ts';
import {
  type BoundPath,
  Cgroup,
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
import type { Controls } from '../../zone/index.ts';
import { lackingWalls, type WallName } from './walls.ts';

export interface JobRequest {
  readonly id: string;
  readonly argv: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  readonly workFolder: string;
  readonly controls: Controls;
  readonly readPaths: readonly BoundPath[];
  readonly files: readonly { readonly path: string; readonly content: string }[];
  readonly timeoutMs: number;
  readonly output: (chunk: Buffer) => void;
}

const DOCKER = { hostPath: '/run/replay/docker.sock', path: '/run/docker.sock', file: true } as const;
const FIRST_HOST_ID = 0x5000_0000;

/**
 * Runs a job in the sandbox that the product would give it, less the walls that are named, and without the proof that it is
 * armed. For the off-run only: this must stand in a throwaway machine, which ends whatever is left.
 */
export async function weakenedJob(
  request: JobRequest,
  without: readonly WallName[],
  home: string,
  watch: (cgroup: Cgroup) => () => void,
): Promise<void> {
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
      firstHostId: FIRST_HOST_ID,
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
  const started = await startContainer(
    startingOf({ name: 'runc', program: 'runc' }, plan.config, plan, host, join(directory, 'bundle')),
  );
  if (!started.ok) throw new Error(started.error.why);
  const cgroup = new Cgroup(host, plan.cgroupPath);
  const stop = watch(cgroup);
  const session = new InitSession(started.value.control);
  session.unproven();
  const process_ = session.start({
    stepId: 'command',
    argv: request.argv,
    environment: request.environment,
    workingDirectory: request.workFolder,
  });
  const collect = (stream: Readable): void => void stream.on('data', request.output);
  collect(process_.stdout);
  collect(process_.stderr);
  const timer = setTimeout(
    () => process_.signal('SIGKILL'),
    without.includes('time-limit') ? 60_000 : request.timeoutMs,
  );
  const exit = await process_.exited;
  clearTimeout(timer);
  stop();
  if (exit.failure !== undefined) throw new Error(`the script could not be started: ${exit.failure}`);
  if (without.includes('ending')) return;
  session.close();
  for (const pid of cgroup.processes()) process.kill(pid, 'SIGKILL');
  await cgroup.empty(3_000);
  await workspace.value.close({});
  cgroup.remove();
  rmSync(directory, { recursive: true, force: true });
}

/** Without users of its own a job gets a plain copy of the folder, which every user may write. */
function plainFolders(
  directory: string,
  source: string,
): Result<{ readonly close: (options: object) => Promise<unknown> }, Refusal> {
  for (const name of ['workspace/merged', 'workspace/exchange']) {
    mkdirSync(join(directory, name), { recursive: true });
    chmodSync(join(directory, name), 0o777);
  }
  cpSync(source, join(directory, 'workspace/merged'), { recursive: true });
  return ok({ close: () => Promise.resolve() });
}
