import { type Finding, provenMends, type ToldMend } from '../../gate/index.ts';
import type { Judged } from './judged.ts';
import type { KeptBy } from './kept.ts';

export type Mends = ReadonlyMap<Finding, ToldMend>;
type Answered = Pick<Judged, 'findings' | 'sources' | 'subject'>;

/**
 * Mends as they were proven for exactly these files and facts by this build, if they were asked for all of these findings; else
 * all are proven anew, and kept. What a mend does follows from its finding and the files, not from what else is asked for.
 */
export async function mendsKept(
  { kept, key }: KeptBy,
  answer: Answered,
  findings: readonly Finding[],
): Promise<Mends> {
  const name = `mends-${key}`;
  const indices = new Map(answer.findings.map((finding, index) => [nameOf(finding), index]));
  const asked = findings.flatMap((finding) => {
    const index = indices.get(nameOf(finding));
    // One of a comment or of the repository's own rules, which nothing mends.
    return index === undefined ? [] : [[finding, index] as const];
  });
  if (asked.length === 0) return new Map();
  const known = keptMends(await kept.take(name), answer);
  if (known !== undefined && asked.every(([, index]) => known.of.has(index)))
    return new Map(
      asked.flatMap(([finding, index]) => {
        const mend = known.mends.get(index);
        return mend === undefined ? [] : [[finding, mend]];
      }),
    );
  const { mends, whole } = await provenMends(await answer.subject(), findings);
  if (whole) await kept.keep(name, keepMends(asked, mends));
  return mends;
}

/** What a finding is called among those of one answer, whatever policy makes of its severity. */
function nameOf({ rule, at, message }: Finding): string {
  return [rule, at.file, at.line, at.column, message].join('\0');
}

function keepMends(
  asked: readonly (readonly [Finding, number])[],
  mends: ReadonlyMap<Finding, ToldMend>,
): unknown {
  return {
    of: asked.map(([, index]) => index),
    mends: asked.flatMap(([finding, index]) => {
      const mend = mends.get(finding);
      if (mend === undefined) return [];
      return [
        [index, mend.title, mend.safety, mend.edits.flatMap(({ start, end, text }) => [start, end, text])],
      ];
    }),
  };
}

interface Known {
  /** Which findings they were asked for, by their index. */
  readonly of: ReadonlySet<unknown>;
  readonly mends: ReadonlyMap<number, ToldMend>;
}

/** Mends that were kept; undefined when they are not in their shape. */
function keptMends(value: unknown, { findings, sources }: Answered): Known | undefined {
  if (typeof value !== 'object' || value === null || !('of' in value) || !('mends' in value))
    return undefined;
  const { of, mends: held } = value;
  if (!Array.isArray(of) || !Array.isArray(held)) return undefined;
  const mends = new Map<number, ToldMend>();
  for (const one of held as readonly unknown[]) {
    if (!Array.isArray(one)) return undefined;
    const [index, title, safety, edits] = one as readonly unknown[];
    const finding = typeof index === 'number' ? findings[index] : undefined;
    const source = finding === undefined ? undefined : sources.at(finding.at.file);
    if (typeof index !== 'number' || source === undefined || typeof title !== 'string') return undefined;
    if (safety !== 'safe' && safety !== 'unsafe') return undefined;
    const pieces = piecesIn(edits, source.text.length);
    if (pieces === undefined) return undefined;
    mends.set(index, { title, safety, file: source.path, source, edits: pieces });
  }
  return { of: new Set(of as readonly unknown[]), mends };
}

function piecesIn(value: unknown, length: number): ToldMend['edits'] | undefined {
  if (!Array.isArray(value) || value.length % 3 !== 0) return undefined;
  const all: ToldMend['edits'][number][] = [];
  for (let index = 0; index < value.length; index += 3) {
    const [start, end, text] = value.slice(index, index + 3) as readonly unknown[];
    if (typeof start !== 'number' || typeof end !== 'number' || typeof text !== 'string') return undefined;
    if (start < 0 || end < start || end > length) return undefined;
    all.push({ start, end, text });
  }
  return all;
}
