import {
  type Layout,
  type Operation,
  openLayout,
  type Piece,
  pieced,
  provesItself,
} from '../../workflow/index.ts';
import type { Finding } from '../finding.ts';
import type { Source } from '../repository/model.ts';
import { RULES } from '../rules.ts';
import type { Subject } from '../subject.ts';
import type { Mend, ToldMend } from './mend.ts';

/** Characters that are read to prove mends; of a repository with more to mend than that, the rest is not told. */
const MAX_PROVEN = 50_000_000;
const MAX_TOGETHER = 50;
/** Characters of one file that are read to plan mends of it, of which each may read all: of a file with more to mend, the rest is not told. */
const MAX_PLANNED = 20_000_000;
const LEAST_PLANNED = 20;

export interface ProvenMends {
  readonly mends: ReadonlyMap<Finding, ToldMend>;
  /** Whether all were tried: there is a bound on what is read for it. */
  readonly whole: boolean;
}

/** What could be done about each finding, proven: the file then says what the mend means and nothing else. */
export async function provenMends(subject: Subject, findings: readonly Finding[]): Promise<ProvenMends> {
  const found = new Map<Finding, ToldMend>();
  let read = 0;
  const prove = async (mends: readonly (readonly [Finding, Mend])[]): Promise<void> => {
    read += mends[0]?.[1].source.text.length ?? 0;
    if (read > MAX_PROVEN) return;
    if (await areProven(mends.map(([, mend]) => mend)))
      for (const [finding, { layout: _, ...mend }] of mends) found.set(finding, mend);
    // One of them is wrong: each by itself.
    else if (mends.length > 1) for (const one of mends) await prove([one]);
  };
  // File by file: a layout is as large as fifty files.
  for (const of of Map.groupBy(findings, ({ at }) => at.file).values())
    for (const mends of apart([...(await plannedMends(subject, of))])) await prove(mends);
  return { mends: found, whole: read <= MAX_PROVEN };
}

export async function mendsOf(
  subject: Subject,
  findings: readonly Finding[],
): Promise<ReadonlyMap<Finding, ToldMend>> {
  return (await provenMends(subject, findings)).mends;
}

/** Mends of one file that do not touch each other can be proven by reading it once. */
function apart(
  planned: readonly (readonly [Finding, Mend])[],
): readonly (readonly (readonly [Finding, Mend])[])[] {
  const groups: (readonly [Finding, Mend])[][] = [];
  let left = planned;
  while (left.length > 0) {
    const group: (readonly [Finding, Mend])[] = [];
    const edits: Piece[] = [];
    const rest: (readonly [Finding, Mend])[] = [];
    for (const one of left) {
      const fits = group.length < MAX_TOGETHER && !touches(one[1].edits, edits);
      if (fits) {
        group.push(one);
        edits.push(...one[1].edits);
      } else rest.push(one);
    }
    groups.push(group);
    left = rest;
  }
  return groups;
}

function sourcesOf({ repository }: Subject): ReadonlyMap<string, Source> {
  const { workflows, actions, dependabot } = repository;
  return new Map([...workflows, ...actions, ...dependabot].map(({ source }) => [source.path, source]));
}

const MENDING = new Map(RULES.map(({ id, mend }) => [id, mend]));

/** The same without the proof, for whoever proves several at once. */
export async function plannedMends(
  subject: Subject,
  findings: readonly Finding[],
): Promise<ReadonlyMap<Finding, Mend>> {
  const sources = subject.once(sourcesOf);
  const layouts = new Map<Source, Layout | undefined>();
  const found = new Map<Finding, Mend>();
  const planned = new Map<Source, number>();
  for (const finding of findings) {
    const source = sources.get(finding.at.file);
    if (source !== undefined) {
      const before = planned.get(source) ?? 0;
      if (before >= LEAST_PLANNED && before * source.text.length > MAX_PLANNED) continue;
      planned.set(source, before + 1);
    }
    const plan = MENDING.get(finding.rule)?.(subject, finding);
    if (plan === undefined || source === undefined) continue;
    if (!layouts.has(source)) layouts.set(source, await openLayout(source.text));
    const layout = layouts.get(source);
    const edits = layout === undefined ? undefined : inOrder(plan.operations.map((one) => layout.edits(one)));
    // What would change nothing mends nothing.
    if (layout !== undefined && edits !== undefined && edits.length > 0)
      found.set(finding, { ...plan, file: source.path, source, layout, edits });
  }
  return found;
}

/** Whether one file says, after all these mends of it, exactly what they mean and what it said else. */
export async function areProven(mends: readonly Mend[]): Promise<boolean> {
  const layout = mends[0]?.layout;
  if (layout === undefined) return false;
  const edits = inOrder(mends.map((mend) => mend.edits));
  if (edits === undefined) return false;
  return provesItself(layout, pieced(layout.text, edits), merged(mends.flatMap((mend) => mend.operations)));
}

/** Offsets are those of the text before: what is rewritten in one text is one operation. */
function merged(operations: readonly Operation[]): readonly Operation[] {
  const others: Operation[] = [];
  const rewrites = new Map<string, Extract<Operation, { kind: 'rewrite' }>>();
  for (const one of operations) {
    if (one.kind !== 'rewrite') {
      others.push(one);
      continue;
    }
    const key = JSON.stringify(one.path);
    const pieces = [...(rewrites.get(key)?.pieces ?? []), ...one.pieces];
    rewrites.set(key, { ...one, pieces: pieces.toSorted((a, b) => a.start - b.start || a.end - b.end) });
  }
  return [...rewrites.values(), ...others];
}

/** The edits of several operations as one list; undefined when one cannot be done, or two touch each other. */
function inOrder(lists: readonly (readonly Piece[] | undefined)[]): readonly Piece[] | undefined {
  const all: Piece[] = [];
  for (const list of lists) {
    if (list === undefined) return undefined;
    all.push(...list);
  }
  const sorted = all.toSorted((a, b) => a.start - b.start || a.end - b.end);
  return touches(sorted, []) ? undefined : sorted;
}

/** Whether edits overlap, or insert at the same place: then it matters which comes first, and nobody said. */
export function touches(edits: readonly Piece[], others: readonly Piece[]): boolean {
  const sorted = [...edits, ...others].toSorted((a, b) => a.start - b.start || a.end - b.end);
  return sorted.some((one, index) => {
    const next = sorted[index + 1];
    return next !== undefined && (next.start < one.end || next.start === one.start);
  });
}
