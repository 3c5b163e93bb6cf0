import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** A native program that comes with the package: beside the sources, and beside the bundle. */
export function nativeProgram(name: string): string {
  return packagedFile(join('native', 'bin', ARCHITECTURES[process.arch] ?? process.arch, name));
}

/** A file of the package by its path in it; where there is none, a path at which nothing is. */
export function packagedFile(relative: string): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const candidate = join(folder, relative);
    if (existsSync(candidate) || folder === dirname(folder)) return candidate;
  }
}
