import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WeakConfig } from './weakening.fixture.ts';
import { weakeningNamed } from './profile-weakenings.fixture.ts';

/** A program that takes the place of runc and takes one wall out of the bundle before it hands over to runc. */
export function weakRuntime(folder: string, weakening: string, runc = 'runc'): string {
  const path = join(folder, `weak-${weakening.replaceAll(/[^a-z]/gi, '-')}`);
  const words = [process.execPath, import.meta.filename, weakening, runc].map((word) => `'${word}'`);
  writeFileSync(path, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`, { mode: 0o755 });
  return path;
}

function actAsRuntime(weakening: string, runc: string, args: readonly string[]): number {
  const found = weakeningNamed(weakening);
  const bundle = args[args.indexOf('--bundle') + 1];
  if (!args.includes('--bundle') || bundle === undefined || found === undefined)
    return spawnSync(runc, args, { stdio: 'inherit' }).status ?? 1;
  const file = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as WeakConfig;
  found.weaken(config);
  writeFileSync(file, JSON.stringify(config));
  if (found.leak !== true) return spawnSync(runc, args, { stdio: [0, 1, 2, 3] }).status ?? 1;
  const leaked = openSync('/etc/hostname', 'r');
  const more = args.map((word, at) => (args[at - 1] === '--preserve-fds' ? '2' : word));
  const { status } = spawnSync(runc, more, { stdio: [0, 1, 2, 3, leaked] });
  closeSync(leaked);
  return status ?? 1;
}

if (import.meta.main) {
  const [, , weakening = '', runc = '', ...args] = process.argv;
  process.exitCode = actAsRuntime(weakening, runc, args);
}
