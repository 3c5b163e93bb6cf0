import type { Advisory } from './advisories/advisory.ts';
import type { OwnLockEntry, Pin } from './lock/model.ts';

/** What is known of a ref of another repository, by somebody who could look at it. */
export interface RefFacts {
  readonly kind: OwnLockEntry['kind'];
  readonly commit: string;
  /** Tags that stand at the commit, the most exact version first. */
  readonly tags: readonly string[];
  /** Whether a branch or a tag of that repository has the commit in its history. */
  readonly reachable: boolean;
}

/** What a rule may know that is not in the repository\u2019s files. */
export interface Facts {
  /** By pin, as far as mirrors were named. */
  readonly refs: ReadonlyMap<Pin, RefFacts>;
  /** Advisories, and the day (UTC) of which they are; absent: none are known, and nothing is said. */
  readonly advisories?: { readonly date: string; readonly list: readonly Advisory[] };
  /** What the operator\u2019s file says of `uses`. */
  readonly uses?: UsesPolicy;
}

/** Patterns of what may be used (`gate.uses` of cofferdam.yaml). */
export interface UsesPolicy {
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

export const NO_FACTS: Facts = { refs: new Map() };
