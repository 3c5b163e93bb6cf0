import { sha256 } from '../../base/index.ts';
import { type GatheredFile, readRepository, type Repository } from '../../gate/index.ts';
import { packedTree, readYaml, unpackedTree } from '../../workflow/index.ts';
import type { Kept } from './kept.ts';

/**
 * The model of these files, of whose trees only those are read that were not kept. Trees of one repository lie together, by the
 * digest of what the file holds, so that one reading brings them all; a file that cannot be read is read each time.
 */
export async function treesKept(kept: Kept, files: readonly GatheredFile[]): Promise<Repository> {
  // Only which trees to look among: what is found is found by content.
  const name = `trees-${sha256(kept.root).slice(7)}`;
  const before = treesIn(await kept.take(name));
  const after: Record<string, unknown> = {};
  let fresh = 0;
  const repository = await readRepository(files, async (path, bytes, text) => {
    const digest = sha256(bytes);
    const packed = before.get(digest);
    const known = packed === undefined ? undefined : unpackedTree(path, packed);
    if (known !== undefined) {
      after[digest] = packed;
      return known;
    }
    const tree = await readYaml(path, bytes, text);
    const made = 'kind' in tree ? packedTree(tree) : undefined;
    if (made !== undefined) {
      fresh += 1;
      after[digest] = made;
    }
    return tree;
  });
  if (fresh > 0) await kept.keep(name, after);
  return repository;
}

function treesIn(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
}
