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
  // As text: a thousand packed trees would be held twice while the others are read.
  const after: Record<string, string> = {};
  let fresh = 0;
  const repository = await readRepository(files, async (path, bytes, text) => {
    const digest = sha256(bytes);
    const packed = before.get(digest);
    const known = packed === undefined ? undefined : unpackedTree(path, parsed(packed));
    if (packed !== undefined && known !== undefined) {
      after[digest] = packed;
      return known;
    }
    const tree = await readYaml(path, bytes, text);
    const made = 'kind' in tree ? packedTree(tree) : undefined;
    if (made !== undefined) {
      fresh += 1;
      after[digest] = JSON.stringify(made);
    }
    return tree;
  });
  if (fresh > 0) await kept.keep(name, after);
  return repository;
}

function treesIn(value: unknown): ReadonlyMap<string, string> {
  const held: readonly (readonly [string, unknown])[] =
    typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return new Map(held.flatMap(([digest, text]) => (typeof text === 'string' ? [[digest, text]] : [])));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
