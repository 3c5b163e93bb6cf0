import type { Json } from '../../base/index.ts';
import type { Span } from '../finding.ts';

/** GitHub's own lock of actions (technical preview, schema v0.0.2: github.com/github/actions-lockfile). */
export const ACTIONS_LOCK = '.github/workflows/actions.lock';
/** What that format cannot hold: reusable workflows, contents of trees, images (docs/lock.md). */
export const OWN_LOCK = '.github/workflows/cofferdam.lock';

/** `owner/name@ref`, owner and name in lower case: what both files name a dependency by. A path in a repository is no part of it. */
export type Pin = string;

export interface ActionsLock {
  /** `v0.0.2`. */
  readonly version: string;
  /** Comments that the file begins with, each with its `#`. */
  readonly header: readonly string[];
  /** By path of a workflow: all that it uses, transitively. */
  readonly workflows: ReadonlyMap<string, readonly Pin[]>;
  readonly dependencies: ReadonlyMap<Pin, ActionsLockEntry>;
  /** Keys that the format as it was published does not have: they are kept. */
  readonly unknown: Readonly<Record<string, Json>>;
}

export interface ActionsLockEntry {
  readonly at: Span;
  /** The ref that the commit was found by: that of the pin, or the best name of a pinned commit. */
  readonly ref: string;
  /** Hexadecimal, 40 or 64 digits. */
  readonly commit: string;
  readonly ownerId: number;
  readonly repositoryId: number;
  readonly uses: readonly Pin[];
  readonly unknown: Readonly<Record<string, Json>>;
}

export interface OwnLock {
  readonly workflows: ReadonlyMap<string, LockedWorkflow>;
  readonly actions: ReadonlyMap<Pin, OwnLockEntry>;
  /** By name as it is written; a digest, or none: then whoever owns the tag decides. */
  readonly images: ReadonlyMap<string, string | undefined>;
}

export interface LockedWorkflow {
  readonly actions: readonly Pin[];
  readonly images: readonly string[];
}

export interface OwnLockEntry {
  readonly at: Span;
  readonly commit: string;
  /** Folders of actions and files of workflows that are used of it; empty text for its root. */
  readonly paths: readonly string[];
  /** `sha256-` and 64 digits, over the canonical listing of the commit's tree (docs/lock.md). */
  readonly tree: string;
  /** What the pin\u2019s ref is in that repository. */
  readonly kind: 'tag' | 'branch' | 'tag and branch' | 'commit';
  /** Tags that stood at the commit, the most exact version first. */
  readonly tags: readonly string[];
  /** When the commit was made, as its author\u2019s side says: RFC 3339. */
  readonly committed: string;
  readonly uses: readonly Pin[];
  readonly images: readonly string[];
}

/** The lock files of a repository, as far as they are there. */
export interface Locks {
  readonly actions?: ActionsLock;
  readonly own?: OwnLock;
}
