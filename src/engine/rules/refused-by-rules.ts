import { type Refusal, refusal } from '../../base/index.ts';
import type { RuleDenial } from '../../custom-rules/index.ts';

/** Why rules of one's own do not let a job be: the first of them, and how many more. */
export function refusedByRules(
  job: string,
  denials: readonly RuleDenial[],
  when: 'before' | 'after',
): Refusal | undefined {
  const [first, ...more] = denials;
  if (first === undefined) return undefined;
  const { rule, failed } = first;
  const why =
    failed === undefined ? rule.why : `it could not be decided (${failed}), which counts as: ${rule.why}`;
  const others = more.length === 0 ? '' : `; and by ${more.map((one) => `own/${one.rule.id}`).join(', ')}`;
  return refusal(
    'policy',
    `own/${rule.id}`,
    `the job ${job} ${when === 'before' ? 'is not started' : 'does not pass'}: ${why}${others}`,
    rule.fix ?? 'see the rule in cofferdam.yaml',
  );
}
