import { ok, type Refusal, type Result } from '../../base/index.ts';
import type { GatheredFile } from '../../gate/index.ts';
import { committedFile, committedTree } from './committed-files.ts';

/** A little more than any may have: whoever reads it says that it is too large. */
const MAX_BYTES = 1_048_577;

/** What the gate looks at, as it stands in a commit. A file that is no plain one is among them as unreadable. */
export async function automationAt(
  directory: string,
  ref: string,
): Promise<Result<readonly GatheredFile[], Refusal>> {
  const { kindOf } = await import('../../gate/index.ts');
  const tree = await committedTree(directory, ref);
  if (!tree.ok) return tree;
  const files: GatheredFile[] = [];
  for (const path of tree.value.paths) {
    const kind = kindOf(path);
    if (kind === undefined) continue;
    const read = await committedFile(directory, tree.value.commit, path, MAX_BYTES);
    files.push({ path, kind, read: read.ok ? ok(read.value ?? Buffer.alloc(0)) : read });
  }
  return ok(files);
}
