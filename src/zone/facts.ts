/**
 * Something known of a run. `forgeable` says whether whoever wrote the code under test, or the job itself, could have
 * made it up: such a fact can lower a zone and never raise one.
 */
export interface Fact<T extends string | boolean> {
  readonly value: T;
  /** Where it was learned: `command-line`, `event-file`, `git`, `operator`, `forge`, `signature`. */
  readonly source: string;
  readonly forgeable: boolean;
  /** For a person: what was found, where the value alone does not say it. */
  readonly why?: string;
}

/**
 * What the zone of a job is decided from (guide §0). A fact that is absent was not learned, which never counts in the
 * job's favour.
 */
export interface ZoneFacts {
  readonly event: Fact<string>;
  readonly fork: Fact<boolean>;
  readonly repository: Fact<string>;
  readonly ref: Fact<string>;
  readonly commit: Fact<string>;
  /** False when what runs is a commit; true when it is a work tree with whatever lies in it. */
  readonly workTree: Fact<boolean>;
  /** The payload was made from the repository itself, so that nobody else's text is in it. */
  readonly payloadOwn: Fact<boolean>;
  readonly authorAssociation?: Fact<string>;
  /** The operator's configuration vouches for this repository. */
  readonly repositoryTrusted?: Fact<boolean>;
  /** The ref is a branch that the operator named, and the commit its tip. */
  readonly protectedBranch?: Fact<boolean>;
  /** The commit is on the history of a protected branch. */
  readonly onProtectedBranch?: Fact<boolean>;
  /** The ref is a tag that the operator named. */
  readonly protectedTag?: Fact<boolean>;
  /** The tag's signature is by one of the operator's allowed signers. */
  readonly signedTag?: Fact<boolean>;
  /** The job's environment, and whether the operator named it as protected. */
  readonly environment?: Fact<string>;
  readonly protectedEnvironment?: Fact<boolean>;
}

export type FactName = keyof ZoneFacts;

/** True only when the fact was learned, holds, and could not be forged. */
export function proven(fact: Fact<boolean> | undefined): boolean {
  return fact?.value === true && !fact.forgeable;
}

/** True only when the fact was learned, does not hold, and could not be forged. */
export function disproven(fact: Fact<boolean> | undefined): boolean {
  return fact?.value === false && !fact.forgeable;
}
