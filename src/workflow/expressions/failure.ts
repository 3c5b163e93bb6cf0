/** GitHub's bound for the text of one expression, in UTF-16 code units. */
export const MAX_SOURCE = 21_000;
/** GitHub's bound for how deep an expression's tree may be. */
export const MAX_DEPTH = 50;
/** How much text, in UTF-16 code units, one evaluation may hold: GitHub's 1 MiB at two bytes each. */
export const MAX_RESULT = 524_288;

/**
 * Why an expression has no value. Thrown inside this folder, where every operator can fail, and turned into a `Refusal`
 * at its edge (`evaluate-text.ts`); it never leaves the room.
 */
export class ExpressionFailure extends Error {}
