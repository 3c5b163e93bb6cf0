/** What is wrong in an expression. */
export interface TypeProblem {
  /** `reference`: a name that does not exist; `type`: a value of another type than is wanted. */
  readonly kind: 'reference' | 'type';
  readonly why: string;
  readonly fix: string;
  /** What of the expression is wrong, as it may be written. */
  readonly pieces: readonly string[];
  /** The path of a name that does not exist, in lower case. */
  readonly path?: readonly string[];
  readonly unsure?: true;
}
