import { canonicalJson, err, ok, type Refusal, refusal, type Result } from '../base/index.ts';

/** What somebody signs: that one certain policy may take the place of another one. */
export interface ChangeApproval {
  /** Digests of the two files as they lie there. */
  readonly old: string;
  readonly new: string;
  readonly reason: string;
  readonly expires: string;
}

/** For how long an approval may hold at most: one that is never used up waits for whoever finds it. */
const MOST_DAYS = 90;
const DAY_MS = 86_400_000;
const MOST_BYTES = 16_384;
const KIND = 'cofferdam-policy-change';
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const RULES = 'cofferdam policy approve OLD NEW makes the text that is to be signed';

/** The text that is signed, over both files' digests: it approves no other change, and not the way back. */
export function approvalText(approval: ChangeApproval): string {
  return `${canonicalJson({ kind: KIND, ...approval })}\n`;
}

/** Makes the words of an approval; fails when they would not hold. */
export function approvalOf(
  change: Pick<ChangeApproval, 'old' | 'new'>,
  words: { readonly reason: string; readonly expires: string },
  now: Date,
): Result<ChangeApproval, Refusal> {
  const { reason, expires } = words;
  if (reason.length < 10 || reason.length > 1_000)
    return err(no('approval/reason', 'a reason has 10 to 1000 characters', 'say why with --reason', 'usage'));
  if (!TIME.test(expires)) {
    const why = `${JSON.stringify(expires.slice(0, 40))} is not a time such as 2026-12-31T00:00:00Z`;
    return err(no('approval/expires', why, 'say until when with --expires', 'usage'));
  }
  const approval = { old: change.old, new: change.new, reason, expires };
  const late = outOfTime(approval, now);
  return late === undefined ? ok(approval) : err(late);
}

/** Reads a signed text, which may be anybody's. It is exactly what `approvalText` makes, or it is none. */
export function readApproval(bytes: Uint8Array): Result<ChangeApproval, Refusal> {
  const text = bytes.length > MOST_BYTES ? '' : new TextDecoder().decode(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const found =
    typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const { old, new: fresh, reason, expires } = found;
  if (
    typeof old === 'string' &&
    typeof fresh === 'string' &&
    typeof reason === 'string' &&
    typeof expires === 'string' &&
    DIGEST.test(old) &&
    DIGEST.test(fresh) &&
    TIME.test(expires)
  ) {
    const approval = { old, new: fresh, reason, expires };
    if (approvalText(approval) === text) return ok(approval);
  }
  return err(no('approval/text', 'the file is not an approval of a change of policy', RULES, 'usage'));
}

/** Why an approval, whoever signed it, is none of this change at this time; undefined when it is. */
export function notApproved(
  approval: ChangeApproval,
  change: Pick<ChangeApproval, 'old' | 'new'>,
  now: Date,
): Refusal | undefined {
  if (approval.old !== change.old || approval.new !== change.new) {
    const why = `the approval is of another change: from ${approval.old} to ${approval.new}`;
    return no('approval/other-change', why, `have this change approved: ${RULES}`);
  }
  return outOfTime(approval, now);
}

function outOfTime({ expires }: ChangeApproval, now: Date): Refusal | undefined {
  const left = Date.parse(expires) - now.getTime();
  if (!(left > 0)) return no('approval/expired', `the approval ended at ${expires}`, 'have it signed anew');
  if (left > MOST_DAYS * DAY_MS) {
    const why = `the approval would last until ${expires}, more than ${MOST_DAYS} days`;
    return no('approval/too-long', why, 'have it signed for a shorter time');
  }
  return undefined;
}

function no(rule: string, why: string, fix: string, kind: Refusal['kind'] = 'policy'): Refusal {
  return refusal(kind, rule, why, fix);
}
