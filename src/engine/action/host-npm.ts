import { readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { satisfies, valid, validRange } from 'semver';

/** The npm that a job sees under `/usr`: the first of the operator's search path. */
export interface HostNpm {
  readonly version: string;
  /** The versions of Node.js that it says it runs on, a semver range. */
  readonly runsOn: string;
}

const MAX_MANIFEST = 262_144;

export async function findHostNpm(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<HostNpm | undefined> {
  const folders = (environment['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/usr/'));
  for (const folder of [...folders, '/usr/local/bin', '/usr/bin']) {
    const program = await realpath(join(folder, 'npm')).catch(() => undefined);
    if (program === undefined) continue;
    // npm's own layout: bin/npm-cli.js beside package.json.
    const text = await readFile(join(dirname(dirname(program)), 'package.json'), 'utf8').catch(() => '');
    const found = manifest(text);
    if (found !== undefined) return found;
  }
  return undefined;
}

function manifest(text: string): HostNpm | undefined {
  if (text.length > MAX_MANIFEST) return undefined;
  try {
    const parsed = JSON.parse(text) as {
      readonly version?: unknown;
      readonly engines?: { readonly node?: unknown };
    };
    const version = valid(String(parsed.version));
    const range = validRange(String(parsed.engines?.node ?? '*'));
    return version === null ? undefined : { version, runsOn: range ?? '*' };
  } catch {
    return undefined;
  }
}

/** Why no npm runs on a version of Node.js that brings none of its own; undefined when one does. */
export function lackOfNpm(node: string, npm: HostNpm | undefined): string | undefined {
  if (npm === undefined) return `Node.js ${node} of this machine comes without npm, and no other is here`;
  return satisfies(node, npm.runsOn)
    ? undefined
    : `npm ${npm.version} of this machine does not run on Node.js ${node}, which comes without its own`;
}

/** The newest major version of npm for a major version of Node.js (docs.npmjs.com, and the `engines` of each npm). */
export function npmFor(major: number): number {
  if (major < 16) return 6;
  if (major < 18) return 8;
  if (major === 19) return 9;
  return major < 22 ? 10 : 11;
}
