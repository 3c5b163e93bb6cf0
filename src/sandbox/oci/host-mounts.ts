import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { HostIds } from '../plan/host-ids.ts';
import type { HostMount } from './drivers.ts';

const MOUNT_MS = 30_000;

/**
 * Mounts file systems in memory on the host's side, with their sizes, as the job's: ids inside become the sandbox's host ids.
 * They are unmounted with the sandbox's folder.
 */
export async function mountOnHost(
  mounts: readonly HostMount[],
  folder: string,
  ids: HostIds,
): Promise<Result<undefined, Refusal>> {
  if (mounts.length > 0) mkdirSync(folder, { mode: 0o711 });
  const all = await Promise.all(
    mounts.map(({ path, options }) => {
      mkdirSync(path, { mode: 0o711 });
      return mount(path, hostOptions(options, ids));
    }),
  );
  return all.find((one) => !one.ok) ?? ok(undefined);
}

function hostOptions(options: readonly string[], { root, user }: HostIds): readonly string[] {
  const owner = root ?? user;
  const mapped = options.map((option) => {
    const [, key, id] = /^([ug]id)=(\d+)$/u.exec(option) ?? [];
    return key === undefined ? option : `${key}=${Number(id) === 0 ? owner : user}`;
  });
  return options.some((option) => option.startsWith('uid='))
    ? mapped
    : [...mapped, `uid=${owner}`, `gid=${owner}`];
}

function mount(path: string, options: readonly string[]): Promise<Result<undefined, Refusal>> {
  return new Promise((resolve) => {
    execFile(
      'mount',
      ['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', path],
      { timeout: MOUNT_MS, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, cwd: '/' },
      (error, _, said) => {
        if (error === null) return resolve(ok(undefined));
        return resolve(
          err(
            refusal(
              'machine',
              'sandbox/mount-failed',
              `a file system in memory could not be mounted: ${said.trim().slice(0, 300)}`,
              'see what cofferdam doctor says of this machine',
            ),
          ),
        );
      },
    );
  });
}
