import { type AllowEntry, type EgressRule, programText } from '../../config/index.ts';
import { placesOf, programsOf, rulesFor } from './egress-cells.ts';

const BUDGETS = [
  ['uploadBytes', 'bytes to'],
  ['downloadBytes', 'bytes from'],
  ['requests', 'requests to'],
] as const;

/** Where both lists let something be reached and `wider` lets more pass there. */
export function budgetsBeyond(
  wider: readonly AllowEntry[],
  narrower: readonly AllowEntry[],
): readonly string[] {
  const programs = programsOf([...wider, ...narrower]);
  const found = placesOf([...wider, ...narrower]).flatMap(({ host, port }) =>
    programs.flatMap((program) => {
      const [theirs, ours] = [rulesFor(wider, host, port, program), rulesFor(narrower, host, port, program)];
      if (theirs.length === 0 || ours.length === 0) return [];
      return BUDGETS.flatMap(([key, words]) => {
        const [more, less] = [most(theirs, key), most(ours, key)];
        if (more <= less) return [];
        const place = `${host}${port === undefined ? '' : `:${port}`}`;
        const name = program === undefined ? place : `${place} by ${programText(program)}`;
        return [
          `${more === Number.POSITIVE_INFINITY ? 'any number of' : `${more}`} ${words} ${name}, where ${less} were the most`,
        ];
      });
    }),
  );
  return [...new Set(found)];
}

/** Rules that cover one place add up to the widest of them: each may be the one that decides. */
function most(rules: readonly EgressRule[], key: (typeof BUDGETS)[number][0]): number {
  return Math.max(...rules.map((rule) => rule[key] ?? Number.POSITIVE_INFINITY));
}
