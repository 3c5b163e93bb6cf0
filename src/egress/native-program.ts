import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** A native program of the gateway's, which comes with the package: beside the sources, and beside the bundle. */
export function nativeProgram(name: 'netns' | 'relay'): string {
  const relative = join('native', 'bin', ARCHITECTURES[process.arch] ?? process.arch, name);
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const candidate = join(folder, relative);
    if (existsSync(candidate) || folder === dirname(folder)) return candidate;
  }
}
