import type { SandboxRequest } from '../contract.ts';
import type { WatchedPlaces } from '../telemetry/trace-reader.ts';
import type { Workspace } from '../workspace/index.ts';

const HOME = '/home/runner';

/** Folders in which a repository is written: the workspace, and what is written for real. */
export function repositoriesOf({ workspace, writePaths }: SandboxRequest): readonly string[] {
  return [workspace.path, ...writePaths.filter(({ file }) => file !== true).map(({ path }) => path)];
}

/** Through process 1, whose root cannot be changed from inside. Names in what is written for real are not watched. */
export function watchedPlaces(initPid: number, request: SandboxRequest, workspace: Workspace): WatchedPlaces {
  const root = `/proc/${initPid}/root`;
  return {
    mounts: [...repositoriesOf(request), HOME].map((path) => `${root}${path}`),
    proc: `${root}/proc`,
    layers: [
      { path: workspace.upperHostPath, shown: request.workspace.path },
      { path: `${root}${HOME}`, shown: HOME },
    ],
  };
}
