import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { nativeProgram } from '../native-program.ts';
import type { GuestKernel } from './guest-kernel.ts';
import { type ArchiveEntry, file, folder, initramfs } from './initramfs.ts';

/** Where the guest's process 1 mounts, and what a container's runtime looks for. */
const EMPTY = ['proc', 'sys', 'dev', 'run', 'tmp', 'read', 'write', 'exchange', 'var', 'etc'];
const ROOT = 'root';
const LDD_MS = 10_000;
const IMAGE = /^guest-[0-9a-f]{32}\.cpio$/u;
const MOST_KEPT = 4;

/**
 * The guest's first root: our process 1, the modules of its kernel, and this machine's OCI runtime with the libraries that it
 * is linked to. Made when one of them has changed since, else taken as it is. `store` is a folder of root's alone.
 */
export async function guestImage(
  kernel: GuestKernel,
  runtime: string,
  store: string,
): Promise<Result<string, Refusal>> {
  const libraries = await librariesOf(runtime);
  if (!libraries.ok) return libraries;
  const programs = { microvm: nativeProgram('microvm'), trace: nativeProgram('trace') };
  try {
    const sources = [...Object.values(programs), runtime, ...libraries.value, ...kernel.modules];
    const path = join(store, `guest-${fingerprint(sources)}.cpio`);
    if (exists(path)) return ok(path);
    const entries: ArchiveEntry[] = [
      file('init', readFileSync(programs.microvm), 0o755),
      folder('modules'),
      ...kernel.modules.map((module, at) =>
        file(`modules/${String(at).padStart(3, '0')}-${basename(module)}`, readFileSync(module), 0o644),
      ),
      ...foldersOf([
        `${ROOT}/bin/runtime`,
        ...EMPTY.map((name) => `${ROOT}/${name}/x`),
        ...libraries.value.map((one) => ROOT + one),
      ]),
      file(`${ROOT}/bin/runtime`, readFileSync(runtime), 0o755),
      file(`${ROOT}/bin/trace`, readFileSync(programs.trace), 0o755),
      ...libraries.value.map((library) => file(ROOT + library, readFileSync(library), 0o755)),
    ];
    mkdirSync(store, { recursive: true, mode: 0o700 });
    const making = `${path}.${process.pid}`;
    writeFileSync(making, initramfs(entries), { mode: 0o644 });
    renameSync(making, path);
    removeOld(store);
    return ok(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(
      refusal(
        'machine',
        'microvm/guest-image',
        `the guest's files cannot be made: ${why}`,
        `see that ${store} can be written and has room`,
      ),
    );
  }
}

/** By path, size and date: reading all of it would cost more than the boot's own share. */
function fingerprint(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) {
    const { size, mtimeNs, ino } = statSync(path, { bigint: true });
    hash.update(`${path}\0${size}\0${mtimeNs}\0${ino}\0`);
  }
  return hash.digest('hex').slice(0, 32);
}

/** Those of other versions: a few stay, as another process may be about to boot one. */
function removeOld(store: string): void {
  const images = readdirSync(store)
    .filter((name) => IMAGE.test(name))
    .map((name) => join(store, name))
    .toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const path of images.slice(MOST_KEPT)) rmSync(path, { force: true });
}

function exists(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Every folder on the way to the given paths, each once and before what it holds. */
function foldersOf(paths: readonly string[]): readonly ArchiveEntry[] {
  const found = new Set<string>();
  const add = (path: string): void => {
    if (path === '.' || found.has(path)) return;
    add(dirname(path));
    found.add(path);
  };
  for (const path of paths) add(dirname(path));
  return [...found].map((path) => folder(path));
}

/** The loader is among them; both at the paths under which they are looked for. */
function librariesOf(program: string): Promise<Result<readonly string[], Refusal>> {
  return new Promise((resolve) => {
    execFile(
      'ldd',
      [program],
      { timeout: LDD_MS, env: { PATH: '/usr/bin:/bin' }, cwd: '/' },
      (error, said) => {
        if (error !== null && !/statically linked|not a dynamic/u.test(said + error.message)) {
          resolve(
            err(
              refusal(
                'machine',
                'microvm/guest-image',
                `the libraries of ${program} cannot be found: ${error.message.slice(0, 300)}`,
                'apt-get install libc-bin',
              ),
            ),
          );
          return;
        }
        resolve(
          ok(
            [...said.matchAll(/(?:^|=>)\s*(\/\S+) \(0x/gmu)].flatMap(([, path]) =>
              path === undefined ? [] : [path],
            ),
          ),
        );
      },
    );
  });
}
