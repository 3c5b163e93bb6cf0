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
    const entry = entryOf(name, readFileSync(join(dpkg, 'status')));
    const version = /^Version: (?:\d+:)?(\S{1,100})$/m.exec(entry)?.[1];
    return version === undefined || !/^Status: \S+ ok installed$/m.test(entry)
      ? undefined
      : { name, version };
  } catch {
    return undefined;
  }
}

/** Of some megabytes one paragraph is wanted: the rest is not made into text. */
function entryOf(name: string, status: Buffer): string {
  const title = `Package: ${name}\n`;
  const first = status.subarray(0, title.length).toString('latin1') === title;
  const at = first ? 0 : status.indexOf(`\n${title}`) + 1;
  if (at === 0 && !first) return '';
  const end = status.indexOf('\n\n', at);
  return status.subarray(at, end < 0 ? status.length : end).toString('utf8');
}

/** What a package's version says of the release that it was made from: `1.1.5` of `1.1.5+ds1-1+deb12u1`. */
export function releaseOf(version: string): string {
  return version.split(/[+-]/, 1)[0] ?? version;
}
