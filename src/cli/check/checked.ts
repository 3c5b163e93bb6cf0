import { ok, type Refusal, type Result } from '../../base/index.ts';
import { automationAt } from '../../engine/index.ts';
import {
  atLeast,
  type Facts,
  type Finding,
  fingerprints,
  shownTo,
  type Sifted,
  settleFindings,
  sift,
  type Span,
} from '../../gate/index.ts';
import { type Judged, judged } from './judged.ts';
import type { Kept } from './kept.ts';
import type { CheckPolicy } from './check-policy.ts';
import type { CheckSubject } from '../check-subject.ts';
import type { Wanted } from './wanted.ts';
import { weakenedPolicy } from './weakened-policy.ts';

export interface Checked extends Sifted {
  readonly judged: Judged;
  readonly files: number;
  readonly lineOf: (at: Span) => string;
  /** What each is known by; made when it is asked for. */
  prints(): ReadonlyMap<Finding, string>;
}

/** What of a judgement is asked for. */
export type Choose = (judged: Judged) => Promise<Checked>;

/** The way to choose what is told: by severity, persona, file and comment, and only what a commit does not have already. */
export async function chooserFor(
  { root, files, meant }: CheckSubject,
  wanted: Wanted,
  policy: CheckPolicy,
  facts: Facts,
  kept: Kept | undefined,
): Promise<Result<Choose, Refusal>> {
  const chooses: Choose = (one) => chosen(one, wanted, meant, policy);
  if (wanted.against === undefined) return ok(chooses);
  const before = await automationAt(root, wanted.against);
  if (!before.ok) return before;
  const weakened = meant === undefined ? await weakenedPolicy(before.value, files) : [];
  const known = new Set((await chooses(await judged(before.value, facts, kept))).prints().values());
  return ok(async (one) => {
    const head = await chooses(one);
    const own = head.prints();
    const findings = head.findings.filter((finding) => !known.has(own.get(finding) ?? ''));
    const prints = new Map([...own, ...fingerprints(weakened, () => '')]);
    return { ...head, findings: [...findings, ...weakened], prints: () => prints };
  });
}

async function chosen(
  of: Judged,
  wanted: Wanted,
  meant: ReadonlySet<string> | undefined,
  { own, settings }: CheckPolicy,
): Promise<Checked> {
  const today = new Date().toISOString().slice(0, 10);
  const ruled =
    own === undefined
      ? []
      : own({ findings: of.findings, every: of.findings, files: of.files, subject: await of.subject() });
  const settled = settleFindings([...of.findings, ...ruled], settings, today);
  const shown = shownTo(wanted.persona, settled.findings).filter(
    ({ severity, at }) => atLeast(severity, wanted.severity) && (meant === undefined || meant.has(at.file)),
  );
  const sifted = await sift(of.sources.commented, shown, today);
  const suppressed = [...sifted.suppressed, ...settled.waived];
  const { lineOf } = of.sources;
  return {
    ...sifted,
    suppressed,
    judged: of,
    files: meant === undefined ? of.files : meant.size,
    lineOf,
    prints: () => {
      const all = [...sifted.findings, ...suppressed.map(({ finding }) => finding)];
      return fingerprints(all, ({ at }) => lineOf(at));
    },
  };
}
