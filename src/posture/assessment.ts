import type { ItemJudged, State } from './checklist.ts';
import type { Facts } from './facts.ts';
import type { PlannedAction } from './plan.ts';

/** An assessment as it is written down. */
export interface Assessment {
  readonly facts: Facts;
  readonly items: readonly ItemJudged[];
  readonly plan: readonly PlannedAction[];
}

/** In words that a person who does not know the product reads. */
export const STATE_WORD: Readonly<Record<State, string>> = {
  met: 'met',
  partly: 'met where it is seen',
  open: 'not met',
  unknown: 'not known',
  none: 'does not apply',
};

/** `4 of 9 met, 3 not met, 2 not known` */
export function summary(items: readonly ItemJudged[]): string {
  const of = (...states: readonly State[]): number =>
    items.filter(({ state }) => states.includes(state)).length;
  const applying = items.length - of('none');
  const rest = (
    [
      ['partly', 'met where seen'],
      ['open', 'not met'],
      ['unknown', 'not known'],
    ] as const
  )
    .map(([state, word]) => [of(state), word] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`);
  return [`${of('met')} of ${applying} met`, ...rest].join(', ');
}
