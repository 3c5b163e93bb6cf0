import { ok } from '../../base/index.ts';
import { type Piece, pieced } from '../../workflow/index.ts';
import { judge, type Judgement } from '../check.ts';
import type { Facts } from '../facts.ts';
import type { Finding } from '../finding.ts';
import type { GatheredFile } from '../repository/gather-files.ts';
import { lineAt } from '../repository/tree.ts';
import { readRepository } from '../repository/read-repository.ts';
import { RULES } from '../rules.ts';
import type { Mend } from './mend.ts';
import { areProven, plannedMends, touches } from './mends.ts';
import { keyOf, whyNot } from './why-not.ts';

export interface FixRequest {
  readonly files: readonly GatheredFile[];
  readonly unsafe: boolean;
  readonly facts?: Facts;
  /** Which of the findings are to be mended. */
  readonly choose: (judgement: Judgement) => Promise<readonly Finding[]>;
}

export interface FixedFile {
  readonly path: string;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

export interface Fixes {
  readonly files: readonly FixedFile[];
  readonly done: readonly { readonly finding: Finding; readonly mend: Mend }[];
  /** What was tried and taken back, and why. */
  readonly refused: readonly { readonly finding: Finding; readonly mend: Mend; readonly why: string }[];
  /** What all files are afterwards, and what is found in them. */
  readonly all: readonly GatheredFile[];
  readonly judgement: Judgement;
}

/** One edit may make room for the next: an `env` that the first needs, the others use. */
const MAX_ROUNDS = 200;
const CHANGES_MORE = 'the file would say something else in another place as well, or could not be read';
const MARK = '\ufeff';

interface Chosen {
  readonly finding: Finding;
  readonly mend: Mend;
}

/**
 * Mends what can be mended, in rounds: in each, edits that do not touch each other; then all is judged again. A file stays
 * changed only if it still parses, says what the mends mean and nothing else new, each finding is gone, and none has come in
 * its place; else its mends are tried one by one, and those that fail are given back with the reason. Pure: nothing is written.
 */
export async function fixAll(request: FixRequest): Promise<Fixes> {
  const done: Chosen[] = [];
  const refused: (Chosen & { readonly why: string })[] = [];
  const given = new Set<string>();
  const single = new Set<string>();
  let files = request.files;
  let judgement = judge(await readRepository(files), RULES, request.facts);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const batches = await nextBatches(request, judgement, given, single);
    if (batches.size === 0) break;
    const tried = files.map((file) => edited(file, batches.get(file.path)));
    const next = judge(await readRepository(tried), RULES, request.facts);
    const whys = new Map<string, string | undefined>();
    for (const [path, batch] of batches) {
      const mended = batch.map(({ finding }) => finding);
      const isProven = await areProven(batch.map(({ mend }) => mend));
      const brings = new Set(batch.flatMap(({ mend }) => mend.brings ?? []));
      const why = isProven ? whyNot(judgement.findings, next.findings, path, mended, brings) : CHANGES_MORE;
      whys.set(path, why);
    }
    for (const [path, batch] of batches) {
      const why = whys.get(path);
      if (why === undefined) done.push(...batch);
      else if (batch.length > 1) single.add(path);
      else
        for (const one of batch) {
          refused.push({ ...one, why });
          given.add(nameOf(judgement, one.finding));
        }
    }
    const failed = [...whys.values()].some((why) => why !== undefined);
    files = files.map((file, index) =>
      whys.has(file.path) && whys.get(file.path) === undefined ? (tried[index] ?? file) : file,
    );
    judgement = failed ? judge(await readRepository(files), RULES, request.facts) : next;
  }
  return { files: changed(request.files, files), done, refused, all: files, judgement };
}

async function nextBatches(
  request: FixRequest,
  judgement: Judgement,
  given: ReadonlySet<string>,
  single: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly Chosen[]>> {
  const chosen = (await request.choose(judgement)).filter((one) => !given.has(nameOf(judgement, one)));
  const mends = await plannedMends(judgement.subject, chosen);
  const batches = new Map<string, Chosen[]>();
  for (const [finding, mend] of mends) {
    if (mend.safety === 'unsafe' && !request.unsafe) continue;
    const batch = batches.get(mend.file) ?? [];
    const others = batch.flatMap((one) => one.mend.edits);
    if (batch.length > 0 && (single.has(mend.file) || touches(mend.edits, others))) continue;
    batches.set(mend.file, [...batch, { finding, mend }]);
  }
  return batches;
}

function edited(file: GatheredFile, batch: readonly Chosen[] | undefined): GatheredFile {
  if (batch === undefined || !file.read.ok) return file;
  const edits: readonly Piece[] = batch
    .flatMap(({ mend }) => mend.edits)
    .toSorted((a, b) => a.start - b.start || a.end - b.end);
  // What reads the files leaves out a byte order mark; it stays where it is.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(file.read.value);
  const mark = text.startsWith(MARK) ? MARK : '';
  return { ...file, read: ok(Buffer.from(mark + pieced(text.slice(mark.length), edits))) };
}

/** What a finding is called through the rounds, while lines move. */
function nameOf({ subject }: Judgement, finding: Finding): string {
  const { workflows, actions } = subject.repository;
  const file = [...workflows, ...actions].find(({ source }) => source.path === finding.at.file);
  const line = file === undefined ? '' : lineAt(file.source, finding.at.line);
  return [finding.at.file, keyOf(finding), line].join('\0');
}

function changed(before: readonly GatheredFile[], after: readonly GatheredFile[]): readonly FixedFile[] {
  return after.flatMap((file, index) => {
    const old = before[index];
    return old?.read.ok === true && file.read.ok && !Buffer.from(old.read.value).equals(file.read.value)
      ? [{ path: file.path, before: old.read.value, after: file.read.value }]
      : [];
  });
}
