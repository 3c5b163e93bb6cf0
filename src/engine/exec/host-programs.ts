import { realpathSync } from 'node:fs';
import { access, constants, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';

/** What is on the search path of every job, as on GitHub's machines; what npm and pip install for a user lies in front. */
export const USER_PROGRAMS = '/home/runner/.local/bin';
const SYSTEM = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const MAX_FOLDERS = 200;

/** Tools that keep their versions in a folder of their own, where the variable says or else below the home folder. */
const VERSION_FOLDERS = {
  RUSTUP_HOME: '.rustup',
  PYENV_ROOT: '.pyenv',
  VOLTA_HOME: '.volta',
  ASDF_DATA_DIR: '.asdf',
} as const;

type Outside = Readonly<Record<string, string | undefined>>;

/**
 * The search path inside: of the operator's own, in its order, the folders that a job sees (below `/usr`, or shown to it),
 * then the system's. Relative ones are left out: they would lead into the workspace.
 */
export function searchPath(outside: Outside, shown: readonly string[]): string {
  const seen = ['/usr', ...shown];
  const own: string[] = [];
  for (const folder of foldersOf(outside)) {
    const real = realOf(folder);
    if (isBelow(folder, seen)) own.push(folder);
    else if (isBelow(real, seen)) own.push(real);
  }
  return [...new Set([USER_PROGRAMS, ...own, ...SYSTEM, '/opt/cofferdam/bin'])].join(':');
}

/** Itself when there is no such folder. */
function realOf(folder: string): string {
  try {
    return realpathSync.native(folder);
  } catch {
    return folder;
  }
}

/** Variables that lead such a tool to its versions where these are shown; nothing else of them is passed. */
export function versionFolders(outside: Outside, shown: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.keys(VERSION_FOLDERS).flatMap((name) => {
      const folder = versionFolder(name as keyof typeof VERSION_FOLDERS, outside);
      return folder !== undefined && isBelow(folder, shown) ? [[name, folder]] : [];
    }),
  );
}

/**
 * Where a program that a job did not find lies outside, and the folders to show so that it is found; undefined when the
 * operator has no such program either.
 */
export async function programOutside(
  program: string,
  outside: Outside,
): Promise<{ readonly path: string; readonly show: readonly string[] } | undefined> {
  const candidates = program.includes('/')
    ? [program].filter((path) => isAbsolute(path))
    : foldersOf(outside).map((folder) => join(folder, program));
  for (const path of candidates) {
    const real = await access(path, constants.X_OK).then(
      () => realpath(path),
      () => undefined,
    );
    if (real !== undefined) return { path, show: toShow(path, real, outside) };
  }
  return undefined;
}

function toShow(path: string, real: string, outside: Outside): readonly string[] {
  const folder = dirname(path);
  const kept = Object.keys(VERSION_FOLDERS).flatMap((name) => {
    const own = versionFolder(name as keyof typeof VERSION_FOLDERS, outside);
    if (own === undefined) return [];
    return isBelow(path, [own]) ||
      isBelow(real, [own]) ||
      (name === 'RUSTUP_HOME' && basename(real) === 'rustup')
      ? [own]
      : [];
  });
  if (kept.length > 0) return isBelow(folder, kept) ? kept : [folder, ...kept];
  if (isBelow(real, [folder])) return [folder];
  // A link to its package, as npm makes them: what holds both, unless that is as good as the whole home folder.
  const both = common(path, real);
  const home = outside['HOME'] ?? '/root';
  const depth = (one: string): number => one.split('/').length;
  const narrow = both !== home && depth(both) >= (both.startsWith(`${home}/`) ? depth(home) + 2 : 3);
  return narrow ? [both] : [folder, dirname(real)];
}

function common(one: string, other: string): string {
  const names = other.split('/');
  const same: string[] = [];
  for (const [index, name] of one.split('/').entries()) {
    if (names[index] !== name) break;
    same.push(name);
  }
  return same.join('/') || '/';
}

function versionFolder(name: keyof typeof VERSION_FOLDERS, outside: Outside): string | undefined {
  const named = outside[name];
  if (named !== undefined && isAbsolute(named)) return normalize(named);
  const home = outside['HOME'];
  return home === undefined || home === '' ? undefined : join(home, VERSION_FOLDERS[name]);
}

function foldersOf(outside: Outside): readonly string[] {
  const folders = (outside['PATH'] ?? '').split(':').filter((folder) => isAbsolute(folder));
  return folders.slice(0, MAX_FOLDERS).map((folder) => normalize(folder).replace(/(?<=.)\/$/, ''));
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
}
