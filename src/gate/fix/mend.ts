import type { Layout, Operation, Piece } from '../../workflow/index.ts';
import type { Source } from '../repository/model.ts';

/** `safe`: whatever the workflow did before that was not wrong, it does still. `unsafe`: a person should look at it. */
export const SAFETIES = ['safe', 'unsafe'] as const;
export type Safety = (typeof SAFETIES)[number];

/** What a rule would change in the file of its finding, said by value: how it is written is the file\u2019s own. */
export interface MendPlan {
  /** An imperative, for the person who reads. */
  readonly title: string;
  readonly safety: Safety;
  readonly operations: readonly Operation[];
  /** Rules of which a finding may come by it, which the title tells what to do about. */
  readonly brings?: readonly string[];
}

/** What a report tells of a mend. */
export interface ToldMend extends Pick<MendPlan, 'title' | 'safety'> {
  readonly file: string;
  readonly source: Source;
  /** In order and apart; offsets in characters (UTF-16) of the file\u2019s text, without a byte order mark. */
  readonly edits: readonly Piece[];
}

/** A plan with the edits that do it. */
export interface Mend extends MendPlan, ToldMend {
  readonly layout: Layout;
}
