import { ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { type OwnLock, partsOf, type Pin } from '../../gate/index.ts';
import { contentDigest } from './content-digest.ts';
import { type Mirrors, originOf } from './mirrors.ts';
import { openOrigin, type OpenOrigin } from './open-origin.ts';
import { resolveRef } from './resolve-ref.ts';

export interface VerifiedLock {
  /** Pins whose commit is in its repository and whose tree is the locked one. */
  readonly verified: readonly Pin[];
  /** Pins whose repository could not be looked at. */
  readonly unseen: readonly Pin[];
  readonly wrong: readonly Refusal[];
}

/** Holds a lock against the repositories themselves, as far as mirrors have them: the commit must be in a branch or a tag, and its tree must have the digest. */
export async function verifyLock(
  lock: OwnLock,
  mirrors: Mirrors,
  outside: Readonly<Record<string, string>>,
): Promise<VerifiedLock> {
  const verified: Pin[] = [];
  const unseen: Pin[] = [];
  const wrong: Refusal[] = [];
  const opened = new Map<string, OpenOrigin | undefined>();
  for (const [pin, { commit, tree }] of lock.actions) {
    const { repository } = partsOf(pin);
    const origin = originOf(repository, mirrors);
    if (!opened.has(repository)) {
      const open = origin === undefined ? undefined : await openOrigin(origin, outside);
      opened.set(repository, open?.ok === true ? open.value : undefined);
    }
    const at = opened.get(repository);
    if (at === undefined) {
      unseen.push(pin);
      continue;
    }
    const found = await heldAgainst(at, `${repository}@${commit}`, commit, tree, pin);
    if (found.ok) verified.push(pin);
    else wrong.push(found.error);
  }
  for (const origin of opened.values()) origin?.close();
  return { verified, unseen, wrong };
}

async function heldAgainst(
  origin: OpenOrigin,
  byCommit: Pin,
  commit: string,
  tree: string,
  pin: Pin,
): Promise<Result<undefined, Refusal>> {
  const found = await resolveRef(origin.directory, byCommit);
  if (!found.ok) return found;
  const whole = await origin.whole(commit);
  if (!whole.ok) return whole;
  const digest = await contentDigest(whole.value, commit);
  if (!digest.ok) return digest;
  if (digest.value === tree) return ok(undefined);
  const why = `the tree of ${pin} at ${commit} is ${digest.value}, and the lock has ${tree}`;
  return {
    ok: false,
    error: refusal('policy', 'lock/tree-mismatch', why, 'find out who changed the lock or the mirror'),
  };
}
