/** Where a refusal points: a file with a position (1-based), or a JSON pointer into a configuration (RFC 6901). */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly pointer?: string;
}

/**
 * Why we will not go on, for the person who must act.
 *
 * `kind` decides the exit status: `usage` 2, `policy` 3, `limit` 4, `machine` 69, `defect` 70.
 * Text may quote hostile input; it is escaped when it is rendered, not here.
 */
export interface Refusal {
  readonly kind: 'usage' | 'policy' | 'limit' | 'machine' | 'defect';
  /** The rule that refuses, for example `workflow/unknown-key`. */
  readonly rule: string;
  readonly where?: Place;
  /** One sentence, subject first. */
  readonly why: string;
  /** The action that mends it, as an imperative; a command where there is one. */
  readonly fix: string;
}

/** The exit status for each kind (docs, "Exit status"; 69 and 70 are EX_UNAVAILABLE and EX_SOFTWARE of sysexits.h). */
export const REFUSAL_STATUS = { usage: 2, policy: 3, limit: 4, machine: 69, defect: 70 } as const;

export function refusal(
  kind: Refusal['kind'],
  rule: string,
  why: string,
  fix: string,
  where?: Place,
): Refusal {
  return where === undefined ? { kind, rule, why, fix } : { kind, rule, why, fix, where };
}
