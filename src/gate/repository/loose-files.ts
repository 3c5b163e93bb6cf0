import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileKind, type GatheredFile, kindOf, plainFile } from './gather-files.ts';

const MAX_FILES = 1_000;
/** What a folder has that is a repository, or a part of one that is looked for by its place. */
const REPOSITORY = ['.git', '.github', '.forgejo', '.gitea'];

/**
 * What a file is that lies where no forge looks for it: by its name, else by the keys at its margin. Undefined for one that has none of
 * them. A stranger may write it so that it is taken for another kind, and then it is judged, and told, as that.
 */
export function looseKind(path: string, bytes: Uint8Array): FileKind | undefined {
  const named = kindOf(path);
  if (named !== undefined) return named;
  if (/(?:^|\/)dependabot\.ya?ml$/.test(path)) return 'dependabot';
  const text = new TextDecoder().decode(bytes);
  const has = (key: string): boolean => new RegExp(`^['"]?${key}['"]?[ \\t]*:`, 'm').test(text);
  if (has('jobs')) return 'workflow';
  if (has('runs')) return 'action';
  return has('updates') ? 'dependabot' : undefined;
}

/** The files directly in a folder which is no repository that read as a workflow, an action or a dependabot.yml: a folder of examples. */
export async function looseFiles(folder: string): Promise<readonly GatheredFile[]> {
  for (const name of REPOSITORY)
    if ((await lstat(join(folder, name)).catch(() => undefined)) !== undefined) return [];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map(({ name }) => name)
    .toSorted()
    .slice(0, MAX_FILES);
  const found: GatheredFile[] = [];
  for (const path of names) {
    if (kindOf(path) !== undefined) continue;
    const read = await plainFile(folder, path);
    const kind = read.ok ? looseKind(path, read.value) : undefined;
    if (kind !== undefined) found.push({ path, kind, read });
  }
  return found;
}
