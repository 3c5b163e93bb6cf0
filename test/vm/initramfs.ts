import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

interface Entry {
  readonly path: string;
  readonly mode: number;
  readonly content: Buffer;
}

const FOLDER = 0o040_755;
const PROGRAM = 0o100_755;
const FILE = 0o100_644;

/** What the first file system of a machine holds: a static shell, our first program, and the modules that lead to the root. */
export function initramfs(kernel: string, busybox: string, init: string, modules: readonly string[]): Buffer {
  const loaded = inOrder(readFileSync(join(kernel, 'modules/modules.dep'), 'utf8'), modules);
  return archive([
    ...['bin', 'modules', 'proc', 'sys', 'dev', 'lower', 'upper', 'root', 'results'].map((path) => ({
      path,
      mode: FOLDER,
      content: Buffer.alloc(0),
    })),
    { path: 'bin/busybox', mode: PROGRAM, content: readFileSync(busybox) },
    { path: 'init', mode: PROGRAM, content: readFileSync(init) },
    {
      path: 'modules/order',
      mode: FILE,
      content: Buffer.from(loaded.map((path) => `${plainName(path)}\n`).join('')),
    },
    ...loaded.map((path) => ({
      path: `modules/${plainName(path)}`,
      mode: FILE,
      content: uncompressed(join(kernel, 'modules', path)),
    })),
  ]);
}

/** The files of the named modules and of what they need, each after what it needs; those built into the kernel have none. */
export function inOrder(dependencies: string, names: readonly string[]): readonly string[] {
  const needs = new Map<string, readonly string[]>();
  for (const line of dependencies.split('\n')) {
    const [file, rest] = line.split(':');
    if (file !== undefined && rest !== undefined) needs.set(file, rest.trim().split(' ').filter(Boolean));
  }
  const order: string[] = [];
  const add = (file: string): void => {
    if (order.includes(file)) return;
    for (const needed of needs.get(file) ?? []) add(needed);
    order.push(file);
  };
  for (const name of names) {
    const file = [...needs.keys()].find((path) => plainName(path) === `${name}.ko`);
    if (file !== undefined) add(file);
  }
  return order;
}

function plainName(path: string): string {
  return basename(path).replace(/\.(xz|zst|gz)$/u, '');
}

function uncompressed(path: string): Buffer {
  return path.endsWith('.xz')
    ? execFileSync('xz', ['-dc', path], { maxBuffer: 64 * 2 ** 20 })
    : readFileSync(path);
}

/** The "newc" format of cpio (Documentation/driver-api/early-userspace/buffer-format.rst). */
export function archive(entries: readonly Entry[]): Buffer {
  const trailer: Entry = { path: 'TRAILER!!!', mode: 0, content: Buffer.alloc(0) };
  return Buffer.concat(
    [...entries, trailer].flatMap(({ path, mode, content }, at) => {
      const name = Buffer.from(`${path}\0`);
      const fields = [at + 1, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
      const header = Buffer.from(
        `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`,
      );
      return [header, name, padding(header.length + name.length), content, padding(content.length)];
    }),
  );
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
