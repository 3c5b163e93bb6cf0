import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, relative, resolve } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import type { Readable } from 'node:stream';
import {
  type GatheredFile,
  gatherFiles,
  looseFiles,
  looseKind,
  MAX_BYTES,
  plainFile,
} from '../gate/index.ts';

/** A repository, or some files of one, that is to be checked. */
export interface CheckSubject {
  readonly root: string;
  readonly files: readonly GatheredFile[];
  /** The files that are meant, when not all are: the others are read because what reaches these may lie in them. */
  readonly meant?: ReadonlySet<string>;
}

const FOLDER = /^(.*)\/\.(?:github|forgejo|gitea)(?:\/workflows)?$/;

/** What paths stand for, each repository once: of files alone only what is meant is told. Refuses where there is nothing to check. */
export async function checkSubjects(
  asked: readonly string[],
  directory: string,
): Promise<Result<readonly CheckSubject[], Refusal>> {
  const found = new Map<string, CheckSubject>();
  for (const path of asked) {
    const one = await checkSubject(path, directory, found);
    if (!one.ok) return one;
    const { root, files, meant } = one.value;
    const known = found.get(root);
    const all = new Map([...(known?.files ?? []), ...files].map((file) => [file.path, file]));
    const every = known !== undefined && known.meant === undefined;
    found.set(root, {
      root,
      files: [...all.values()],
      ...(meant !== undefined && !every && { meant: new Set([...(known?.meant ?? []), ...meant]) }),
    });
  }
  return ok([...found.values()]);
}

/** The name of what comes by standard input, in all that is told of it. */
const STDIN = '<stdin>';

/** One file by standard input (`check -`), of at most 1 MiB: a workflow, or what its keys say. It stands alone: nothing beside it is read. */
export async function subjectFrom(stdin: Readable, directory: string): Promise<CheckSubject> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    // Whoever reads it says that it is too large.
    if (length > MAX_BYTES) break;
  }
  const bytes = Buffer.concat(chunks).subarray(0, MAX_BYTES + 1);
  return {
    root: directory,
    files: [{ path: STDIN, kind: looseKind(STDIN, bytes) ?? 'workflow', read: ok(bytes) }],
  };
}

/** Finds what a path stands for: a repository, its folder of workflows, or one file. */
export async function checkSubject(
  asked: string,
  directory: string,
  known: ReadonlyMap<string, CheckSubject> = new Map(),
): Promise<Result<CheckSubject, Refusal>> {
  const target = resolve(directory, asked);
  const found = await stat(target).catch(() => undefined);
  if (found === undefined) return nothing(`${JSON.stringify(asked)} does not exist`);
  const file = found.isDirectory() ? undefined : target;
  const folder = await realpath(file === undefined ? target : dirname(target));
  const root = FOLDER.exec(folder)?.[1] ?? (file === undefined ? folder : await rootAbove(folder));
  const files = known.get(root)?.files ?? (await gathered(root, file === undefined));
  if (file === undefined) {
    if (files.some(({ kind }) => ['workflow', 'action', 'dependabot', 'pre-commit'].includes(kind)))
      return ok({ root, files });
    return nothing(`${JSON.stringify(asked)} has no workflow, action or dependabot.yml`);
  }
  const path = relative(root, `${folder}/${basename(file)}`);
  if (files.some((one) => one.path === path)) return ok({ root, files, meant: new Set([path]) });
  if (!/\.ya?ml$/.test(path)) return nothing(`${JSON.stringify(asked)} is no workflow and no action`);
  // A workflow that lies elsewhere is checked as one.
  const read = await plainFile(root, path);
  return ok({
    root,
    files: [
      ...files,
      { path, kind: (read.ok ? looseKind(path, read.value) : undefined) ?? 'workflow', read },
    ],
    meant: new Set([path]),
  });
}

/** What is read below a folder; of one that was named itself and is no repository also what lies in it. */
async function gathered(root: string, named: boolean): Promise<readonly GatheredFile[]> {
  const found = await gatherFiles(root);
  if (!named) return found;
  return [...found, ...(await looseFiles(root))].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** The nearest folder above that holds a repository, or its workflows; else the folder itself. */
async function rootAbove(folder: string): Promise<string> {
  for (let at = folder; at !== dirname(at); at = dirname(at))
    for (const name of ['.git', '.github', '.forgejo', '.gitea'])
      if ((await lstat(`${at}/${name}`).catch(() => undefined)) !== undefined) return at;
  return folder;
}

function nothing(why: string): Result<never, Refusal> {
  return err(
    refusal(
      'usage',
      'check/nothing',
      `there is nothing to check: ${why}`,
      'name a repository, or a file below .github/workflows',
    ),
  );
}
