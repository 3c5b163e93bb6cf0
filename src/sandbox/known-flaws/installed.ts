import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Installed } from './judge.ts';

const DPKG = '/var/lib/dpkg';

/**
 * The Debian package that a program's file belongs to, which is looked for under the program's own name. Read from dpkg's files:
 * asking dpkg takes longer than a sandbox. Absent when the file is no package's, or it cannot be told.
 */
export function packageOf(name: string, program: string, dpkg = DPKG): Installed['package'] {
  try {
    const files = readFileSync(join(dpkg, `info/${name}.list`), 'utf8').split('\n');
    const path = realpathSync(program);
    // Where /sbin is a link to /usr/sbin, a package may name either.
    if (!files.includes(path) && !files.includes(path.replace(/^\/usr\//, '/'))) return undefined;
    const status = `\n${readFileSync(join(dpkg, 'status'), 'utf8')}`;
    const at = status.indexOf(`\nPackage: ${name}\n`);
    if (at < 0) return undefined;
    const entry = status.slice(at + 1).split('\n\n', 1)[0] ?? '';
    const version = /^Version: (?:\d+:)?(\S{1,100})$/m.exec(entry)?.[1];
    return version === undefined || !/^Status: \S+ ok installed$/m.test(entry)
      ? undefined
      : { name, version };
  } catch {
    return undefined;
  }
}
