import { execFile } from 'node:child_process';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { maxSatisfying, valid, validRange } from 'semver';
import { type Refusal, type Result, err, ok, refusal } from '../../base/index.ts';
import { findHostNpm, lackOfNpm, npmFor } from './host-npm.ts';

/** A program of this machine that a job may use: where it lies, and where the job finds it. */
export interface HostTool {
  readonly name: 'node';
  readonly version: string;
  /** The folder to show read-only; absent when the job sees it anyway, under `/usr`. */
  readonly mount?: { readonly hostPath: string; readonly path: string };
  /** The folder, inside, to put in front of the search path. */
  readonly binDirectory: string;
  /** Why no npm that is there runs on it. */
  readonly npmLacks?: string;
}

const TOOL_CACHE = '/opt/hostedtoolcache';
const MAX_CANDIDATES = 50;

async function nodeAt(program: string): Promise<(HostTool & { readonly hasNpm?: boolean }) | undefined> {
  const path = await realpath(program).catch(() => undefined);
  if (path === undefined) return undefined;
  const answer = await promisify(execFile)(path, ['--version'], {
    env: {},
    timeout: 5_000,
    maxBuffer: 1_024,
  }).catch(() => undefined);
  const version = valid(answer?.stdout.trim() ?? null);
  if (version === null) return undefined;
  if (path.startsWith('/usr/'))
    return { name: 'node', version, binDirectory: dirname(program.startsWith('/usr/') ? program : path) };
  const prefix = dirname(dirname(path));
  const inside = `${TOOL_CACHE}/node/${version}/${process.arch === 'arm64' ? 'arm64' : 'x64'}`;
  const mounted = (hostPath: string, bin: string): HostTool => ({
    name: 'node',
    version,
    mount: { hostPath, path: inside },
    binDirectory: `${inside}/${bin}`,
  });
  // Installed from npm packages: npm lies beside it, and both are linked in one folder.
  const packages = dirname(prefix);
  if (basename(packages) === 'node_modules' && (await isFile(join(packages, '.bin/npm'))))
    return { ...mounted(packages, '.bin'), hasNpm: true };
  return { ...mounted(prefix, 'bin'), hasNpm: await isFile(join(prefix, 'bin/npm')) };
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function below(folder: string, tail: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.slice(0, MAX_CANDIDATES).map((name) => join(folder, name, tail));
}

/** Every Node.js of this machine that a job could use, asked for its version by starting it. Newest first. */
export async function findNodes(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly HostTool[]> {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
  const cache = environment['XDG_CACHE_HOME'] ?? join(environment['HOME'] ?? '/root', '.cache');
  const caches = (await readdir(join(cache, 'cofferdam')).catch(() => []))
    .filter((name) => name.startsWith('node-'))
    .slice(0, MAX_CANDIDATES)
    .map((name) => join(cache, 'cofferdam', name, 'node_modules', `node-linux-${architecture}`, 'bin/node'));
  const candidates = [
    ...(environment['PATH'] ?? '')
      .split(':')
      .filter((folder) => folder.startsWith('/'))
      .map((folder) => join(folder, 'node')),
    '/usr/local/bin/node',
    '/usr/bin/node',
    process.execPath,
    ...caches,
    ...(await below(join(TOOL_CACHE, 'node'), `${architecture}/bin/node`)),
  ];
  const present = new Set<string>();
  for (const candidate of candidates) {
    if (await isFile(candidate)) present.add(await realpath(candidate));
  }
  const found = await Promise.all([...present].slice(0, MAX_CANDIDATES).map(nodeAt));
  const npm = await findHostNpm(environment);
  const byVersion = new Map<string, HostTool>();
  for (const one of found) {
    if (one === undefined) continue;
    const { hasNpm, ...tool } = one;
    const npmLacks = hasNpm === true ? undefined : lackOfNpm(tool.version, npm);
    const known = byVersion.get(tool.version);
    if (known === undefined || (known.npmLacks !== undefined && npmLacks === undefined))
      byVersion.set(tool.version, npmLacks === undefined ? tool : { ...tool, npmLacks });
  }
  return [...byVersion.values()];
}

/** The newest Node.js that satisfies what `actions/setup-node` was asked for: a semver range, `lts/*`, `latest`. */
export function chooseNode(tools: readonly HostTool[], asked: string): Result<HostTool, Refusal> {
  const wanted = asked.trim().replace(/^v(?=\d)/, '');
  const range =
    wanted === '' || ['latest', 'current', 'node', '*'].includes(wanted)
      ? '*'
      : /^lts(\/.*)?$/i.test(wanted)
        ? ltsRange(wanted)
        : validRange(wanted);
  const version =
    range === null || wanted.length > 100
      ? null
      : maxSatisfying(
          tools.map((tool) => tool.version),
          range,
        );
  const tool = tools.find((candidate) => candidate.version === version);
  if (tool !== undefined) return ok(tool);
  const have = tools.map((candidate) => candidate.version).join(', ') || 'none';
  return err(
    refusal(
      'machine',
      'tools/node-missing',
      `no Node.js on this machine satisfies ${JSON.stringify(asked)} (here: ${have})`,
      toInstall(/\d{1,3}/.exec(wanted)?.[0] ?? '24'),
    ),
  );
}

/** The one command that brings a version of Node.js with its npm to where it is looked for. */
export function toInstall(version: string): string {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
  const major = /^\d+/.exec(version)?.[0] ?? version;
  return `npm install --prefix "\${XDG_CACHE_HOME:-$HOME/.cache}/cofferdam/node-${major}" --ignore-scripts node-linux-${architecture}@${version} npm@${npmFor(Number(major))}`;
}

const LTS_NAMES: Readonly<Record<string, string>> = { hydrogen: '18', iron: '20', jod: '22', krypton: '24' };

/** Long-term releases have even majors; a name stands for one of them (nodejs.org, release schedule). */
function ltsRange(wanted: string): string | null {
  const name = wanted.slice('lts/'.length).toLowerCase();
  if (wanted.length === 'lts'.length || name === '*') return '18 || 20 || 22 || 24 || 26';
  return Object.hasOwn(LTS_NAMES, name) ? (LTS_NAMES[name] ?? null) : null;
}
