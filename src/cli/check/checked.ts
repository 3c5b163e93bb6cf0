import { ok, type Refusal, type Result } from '../../base/index.ts';
import { automationAt } from '../../engine/index.ts';
import {
  atLeast,
  type Facts,
  type Finding,
  fingerprints,
  type GatheredFile,
  judge,
  type Judgement,
  lineAt,
  readRepository,
  shownTo,
  type Sifted,
  settleFindings,
  sift,
  type Span,
} from '../../gate/index.ts';
import type { CheckPolicy } from './check-policy.ts';
import type { CheckSubject } from '../check-subject.ts';
import type { Wanted } from './wanted.ts';

export interface Checked extends Sifted {
  readonly judgement: Judgement;
  readonly files: number;
  readonly lineOf: (at: Span) => string;
  readonly prints: ReadonlyMap<Finding, string>;
}

/** What of a judgement is asked for. */
export type Choose = (judgement: Judgement) => Promise<Checked>;

/** The way to choose what is told: by severity, persona, file and comment, and only what a commit does not have already. */
export async function chooserFor(
  { root, meant }: CheckSubject,
  wanted: Wanted,
  policy: CheckPolicy,
  facts: Facts,
): Promise<Result<Choose, Refusal>> {
  const chooses: Choose = (judgement) => chosen(judgement, wanted, meant, policy);
  if (wanted.against === undefined) return ok(chooses);
  const before = await automationAt(root, wanted.against);
  if (!before.ok) return before;
  const known = new Set((await chooses(await judged(before.value, facts))).prints.values());
  return ok(async (judgement) => {
    const head = await chooses(judgement);
    const findings = head.findings.filter((finding) => !known.has(head.prints.get(finding) ?? ''));
    return { ...head, findings };
  });
}

export async function judged(files: readonly GatheredFile[], facts: Facts): Promise<Judgement> {
  return judge(await readRepository(files), undefined, facts);
}

async function chosen(
  judgement: Judgement,
  wanted: Wanted,
  meant: ReadonlySet<string> | undefined,
  { own, settings }: CheckPolicy,
): Promise<Checked> {
  const { repository } = judgement.subject;
  const today = new Date().toISOString().slice(0, 10);
  const settled = settleFindings([...judgement.findings, ...own(judgement)], settings, today);
  const of = shownTo(wanted.persona, settled.findings).filter(
    ({ severity, at }) => atLeast(severity, wanted.severity) && (meant === undefined || meant.has(at.file)),
  );
  const sifted = await sift(repository, of, today);
  const sources = new Map(
    [...repository.workflows, ...repository.actions, ...repository.dependabot].map(({ source }) => [
      source.path,
      source,
    ]),
  );
  const lineOf = (at: Span): string => {
    const source = sources.get(at.file);
    return source === undefined ? '' : lineAt(source, at.line);
  };
  const suppressed = [...sifted.suppressed, ...settled.waived];
  const all = [...sifted.findings, ...suppressed.map(({ finding }) => finding)];
  return {
    ...sifted,
    suppressed,
    judgement,
    files: meant === undefined ? judgement.files : meant.size,
    lineOf,
    prints: fingerprints(all, ({ at }) => lineOf(at)),
  };
}
