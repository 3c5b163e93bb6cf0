import { randomBytes } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { SandboxRoot } from '../contract.ts';
import { isFileIn } from '../shows-program.ts';
import { syncBelow } from '../workspace/program.ts';
import { IMAGE_BOUNDS, UnusableImage } from './bounds.ts';
import { type FoundImage, findImage } from './layout.ts';
import { unpack } from './unpack.ts';

/** An image, unpacked: what a job's root is made of. */
export interface RootImage {
  /** The unpacked tree, which nobody but us can reach by its path; the digest is of the manifest and names all of it. */
  readonly root: Extract<SandboxRoot, { readonly kind: 'image' }>;
  /** The variables that its configuration sets. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether it has a bash on its search path. */
  readonly hasBash: boolean;
}

export const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Changed when the same image would be unpacked to another tree. */
const FORM = 'v1';
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,199}$/;
const MOST_VALUE = 32_768;

/**
 * Opens an OCI image layout: finds the image for this machine and unpacks it into `images/` of the state folder, once for
 * each manifest. Refused, with nothing kept, when it is not there (usage), for another architecture (machine), larger than
 * the bounds (limit), or in any way not what its digests say. `stateFolder` is private to us; `unpacking` is called when it
 * will take a while.
 */
export async function openImage(
  path: string,
  stateFolder: string,
  unpacking: () => void,
): Promise<Result<RootImage, Refusal>> {
  try {
    const directory = layoutAt(path);
    const image = await findImage(directory, arch(), IMAGE_BOUNDS);
    const environment = variables(image.environment);
    const tree = await unpacked(directory, image, join(stateFolder, 'images', FORM), unpacking);
    const search = (environment['PATH'] ?? SEARCH_PATH).split(':').filter((one) => one.startsWith('/'));
    return ok({
      root: { kind: 'image', digest: image.digest, directory: tree },
      environment,
      hasBash: search.slice(0, 100).some((folder) => isFileIn(tree, `${folder}/bash`)),
    });
  } catch (error) {
    if (error instanceof UnusableImage) return err(error.refusal);
    const why = error instanceof Error ? error.message : String(error);
    return err(
      refusal(
        'machine',
        'image/cannot-unpack',
        `the image could not be unpacked: ${why}`,
        'see that the state folder can be written and has room',
      ),
    );
  }
}

function layoutAt(path: string): string {
  let directory: string;
  try {
    directory = realpathSync(path);
  } catch {
    throw absent(`${path} does not exist`);
  }
  if (!lstatSync(directory).isDirectory()) throw absent(`${path} is not a directory`);
  if (!existsSync(join(directory, 'oci-layout'))) throw absent(`${path} has no file oci-layout`);
  return directory;
}

function absent(why: string): UnusableImage {
  return new UnusableImage(
    refusal(
      'usage',
      'image/absent',
      `${why}: it is no OCI image directory`,
      'make one, for example by: skopeo copy docker://IMAGE oci:DIRECTORY',
    ),
  );
}

async function unpacked(
  directory: string,
  image: FoundImage,
  images: string,
  unpacking: () => void,
): Promise<string> {
  mkdirSync(images, { recursive: true, mode: 0o700 });
  const place = join(images, image.digest.replace(':', '-'));
  const tree = join(place, 'root');
  if (existsSync(tree)) return realpathSync(tree);
  unpacking();
  dropAbandoned(images);
  const temporary = join(images, `.${process.pid}-${randomBytes(6).toString('hex')}`);
  try {
    mkdirSync(join(temporary, 'root'), { recursive: true, mode: 0o755 });
    await unpack(directory, image, join(temporary, 'root'), IMAGE_BOUNDS);
    const synced = await syncBelow(temporary);
    if (!synced.ok) throw new UnusableImage(synced.error);
    rename(temporary, place);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return realpathSync(tree);
}

/** Another run may have unpacked the same image meanwhile: its tree is as good. */
function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(join(to, 'root'))) throw error;
  }
}

/** What a process left that was killed while it unpacked. */
function dropAbandoned(images: string): void {
  for (const name of readdirSync(images)) {
    const pid = /^\.(\d{1,10})-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(images, name), { recursive: true, force: true });
  }
}

/** `NAME=VALUE`, as far as it is one. */
function variables(given: readonly string[]): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const entry of given) {
    const equals = entry.indexOf('=');
    const name = entry.slice(0, equals);
    const value = entry.slice(equals + 1);
    if (equals < 1 || !VARIABLE.test(name) || value.includes('\0') || value.length > MOST_VALUE) {
      throw new UnusableImage(
        refusal(
          'usage',
          'image/document',
          `the image cannot be used: its configuration sets the variable ${JSON.stringify(entry.slice(0, 100))}`,
          'make the image again and copy it anew',
        ),
      );
    }
    environment[name] = value;
  }
  return environment;
}
