import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { type LoadedConfiguration, readOperatorFile } from '../../config/index.ts';
import { type ChangeApproval, notApproved, readApproval } from '../../zone/index.ts';
import { sshSigner } from './ssh-signature.ts';

/** So that a signature over anything else is none over a change of policy. */
export const CHANGE_NAMESPACE = 'cofferdam-policy-change';

/** A text and the signature over it, as they lie in two files that may be a stranger's. */
export interface SignedText {
  readonly name: string;
  readonly text: Uint8Array;
  readonly signature: Uint8Array;
}

export interface HeldApproval extends Pick<ChangeApproval, 'reason' | 'expires'> {
  readonly signedBy: string;
}

/**
 * The approvals that a widening has, when they are enough: as many different people as the policy before the change asks for, of
 * those whom it names, each over this very change. What the changed policy says of approvers is not looked at.
 */
export async function heldApprovals(
  before: LoadedConfiguration,
  after: LoadedConfiguration,
  given: readonly SignedText[],
  now: Date,
): Promise<Result<readonly HeldApproval[], readonly Refusal[]>> {
  const asked = before.configuration.policyChanges;
  if (asked === undefined) {
    const why = `${before.path} names nobody who may approve what allows more`;
    return err([no('approval/nobody', why, 'name its approvers with policyChanges, in a change of its own')]);
  }
  const signers = await readOperatorFile(asked.approvers);
  if (!signers.ok) return err([signers.error]);
  if (signers.value === undefined) {
    const why = `there is no file ${asked.approvers}, which names who may approve`;
    return err([no('approval/signers', why, 'put the file there')]);
  }
  const held = new Map<string, HeldApproval>();
  const refused: Refusal[] = [];
  for (const one of given) {
    const read = readApproval(one.text);
    if (!read.ok) {
      refused.push({ ...read.error, where: { file: one.name } });
      continue;
    }
    const unfit = notApproved(read.value, { old: before.digest, new: after.digest }, now);
    if (unfit !== undefined) {
      refused.push({ ...unfit, where: { file: one.name } });
      continue;
    }
    const by = await sshSigner(
      Buffer.from(one.text),
      Buffer.from(one.signature),
      Buffer.from(signers.value),
      CHANGE_NAMESPACE,
      'approval',
    );
    const { reason, expires } = read.value;
    if (by.ok) held.set(by.value, { reason, expires, signedBy: by.value });
    else {
      const fix = `have it signed by one of ${asked.approvers}: ssh-keygen -Y sign -n ${CHANGE_NAMESPACE} -f KEY FILE`;
      refused.push({ ...no('approval/signature', by.error, fix), where: { file: one.name } });
    }
  }
  const { required = 1 } = asked;
  if (held.size >= required) return ok([...held.values()]);
  const why = `the change allows more, and ${held.size} of the ${required} people who must approve it did`;
  const fix =
    'have it approved: cofferdam policy approve OLD NEW --reason WHY --expires TIME makes the text that is to be signed';
  return err([...refused, no('approval/missing', why, fix)]);
}

function no(rule: string, why: string, fix: string): Refusal {
  return refusal('policy', rule, why, fix);
}
