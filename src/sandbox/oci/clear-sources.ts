import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { Mount, RuntimeConfig } from './runtime-spec.ts';

const MOUNT_MS = 30_000;

/** A bind of the host's, without what is mounted below it, at a place of ours. */
export interface Clone {
  readonly source: string;
  readonly target: string;
}

/**
 * A runtime in a user namespace cannot bind a folder below which something else is mounted (the kernel answers EINVAL: what that
 * hides must stay hidden). Gives the configuration with a clone of ours in the place of each such source, and the clones that are
 * to be made in `folder` first. Below the system's own folders, what is mounted is shown too, as it belongs to the system:
 * `/usr/local` on a disk of its own. Elsewhere it is not.
 */
export function withoutSubmounts(
  config: RuntimeConfig,
  mountPoints: readonly string[],
  folder: string,
): { readonly config: RuntimeConfig; readonly clones: readonly Clone[] } {
  const clones: Clone[] = [];
  const cloned = (source: string): string => {
    const known = clones.find((one) => one.source === source);
    if (known !== undefined) return known.target;
    const target = join(folder, String(clones.length));
    clones.push({ source, target });
    return target;
  };
  const below = (path: string): readonly string[] =>
    mountPoints.filter((point) => point.startsWith(`${path}/`));
  const mounts = config.mounts.flatMap((mount): readonly Mount[] => {
    if (mount.type !== 'bind' || below(mount.source).length === 0) return [mount];
    const system = mount.source === mount.destination && mount.options.includes('ro');
    const further = system ? [...new Set(below(mount.source))] : [];
    return [
      { ...mount, source: cloned(mount.source) },
      ...further.map((point) => ({ ...mount, source: cloned(point), destination: point })),
    ];
  });
  return clones.length === 0 ? { config, clones } : { config: { ...config, mounts }, clones };
}

/** Where something is mounted, in the order in which it was, as we see it. */
export function mountPoints(text = readFileSync('/proc/self/mountinfo', 'utf8')): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const path = line.split(' ')[4];
    return path === undefined
      ? []
      : [path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))];
  });
}

/** Makes the clones; they are unmounted with the folder. */
export async function makeClones(
  clones: readonly Clone[],
  folder: string,
): Promise<Result<undefined, Refusal>> {
  if (clones.length > 0) mkdirSync(folder, { mode: 0o711 });
  for (const { source, target } of clones) {
    if (statSync(source).isDirectory()) mkdirSync(target);
    else writeFileSync(target, '');
    const failed = await mount(['--bind', '--make-private', '--', source, target]);
    if (failed !== undefined)
      return err(
        refusal(
          'machine',
          'sandbox/mount-failed',
          `what is mounted below a folder could not be left out of it: ${source}: ${failed}`,
          'see what cofferdam doctor says of this machine',
        ),
      );
  }
  return ok(undefined);
}

function mount(args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(
      'mount',
      args,
      { timeout: MOUNT_MS, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, cwd: '/' },
      (error, _, said) => resolve(error === null ? undefined : said.trim().slice(0, 300) || error.message),
    );
  });
}
