import { createHash } from 'node:crypto';
import { sha256 } from '../../base/index.ts';
import {
  connectedParts,
  type Facts,
  type Finding,
  type GatheredFile,
  type Judgement,
  type KnownParts,
  type Part,
  type Repository,
} from '../../gate/index.ts';
import { keptAnswer } from './kept-answer.ts';
import type { Kept } from './kept.ts';

/** Which parts of a repository are as they were when it was judged last, and which they are now. */
export interface Parts {
  readonly known: KnownParts;
  /** Keeps which parts there are, and the name of the answer that holds what was found in them. */
  keep(judgement: Judgement, answer: string): Promise<void>;
}

/**
 * What was found in parts of this repository whose files all hold what they held, with the same known besides and the same files that
 * belong to no part. It lies in the answer that was kept then: here are only digests.
 */
export async function partsKept(
  kept: Kept,
  repository: Repository,
  files: readonly GatheredFile[],
  facts: Facts,
): Promise<Parts> {
  const name = `parts-${sha256(kept.root).slice(7)}`;
  const keyOf = partKeys(repository, files, facts);
  const before = keptParts(await kept.take(name));
  const answer = before === undefined ? undefined : keptAnswer(await kept.take(before.answer));
  const byFile = Map.groupBy(answer?.findings ?? [], ({ at }) => at.file);
  return {
    known: (part) =>
      answer === undefined || before?.keys.has(keyOf(part)) !== true
        ? undefined
        : part.flatMap((path): readonly Finding[] => byFile.get(path) ?? []),
    keep: async ({ subject }, of) =>
      kept.keep(name, { answer: of, keys: connectedParts(subject).map((part) => keyOf(part)) }),
  };
}

/** The digest of all that is found in a part follows from. */
function partKeys(
  { unread }: Repository,
  files: readonly GatheredFile[],
  { refs, advisories, uses }: Facts,
): (part: Part) => string {
  const digests = new Map<string, string>();
  const common = createHash('sha256');
  common.update(JSON.stringify([unread, [...refs], advisories ?? null, uses ?? null]));
  for (const { path, kind, read } of files) {
    if (!read.ok) continue;
    const digest = sha256(read.value);
    digests.set(path, `${kind} ${digest}`);
    if (kind === 'lock' || kind === 'codeowners') common.update(JSON.stringify([path, kind, digest]));
  }
  const beside = common.digest('hex');
  return (part) => sha256(JSON.stringify([beside, part.map((path) => [path, digests.get(path) ?? null])]));
}

function keptParts(
  value: unknown,
): { readonly answer: string; readonly keys: ReadonlySet<string> } | undefined {
  if (typeof value !== 'object' || value === null || !('answer' in value) || !('keys' in value))
    return undefined;
  const { answer, keys } = value;
  if (typeof answer !== 'string' || !/^answer-[0-9a-f]{64}$/.test(answer) || !Array.isArray(keys))
    return undefined;
  const all: readonly unknown[] = keys;
  return { answer, keys: new Set(all.filter((key) => typeof key === 'string')) };
}
