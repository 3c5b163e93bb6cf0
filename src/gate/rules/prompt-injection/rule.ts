import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { promptInputs } from '../../taint/known-actions.ts';
import { valueReferences } from '../../taint/references.ts';
import { taintsOf } from '../../taint/taint.ts';
import { isPrivileged, worst } from '../../taint/value.ts';

export const rule: Rule = {
  id: 'prompt-injection',
  title: 'A stranger\u2019s words are part of what a language model is told to do',
  severity: 'medium',
  confidence: 'medium',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§2'],
  alsoKnownAs: ['codeql/actions/prompt-injection'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  const taints = taintsOf(subject);
  for (const site of subject.sites) {
    const { uses } = site.step;
    if (uses?.kind !== 'repository') continue;
    const inputs = promptInputs(uses.repository);
    for (const { name, value } of site.step.with)
      if (inputs.includes(name.toLowerCase()))
        for (const { tree, source, at } of subject.expressions(site.file, value)) {
          const decided = valueReferences(tree).flatMap((one) => taints.reference(one, site, at));
          const taint = worst(decided.filter(({ by, holds }) => by === 'stranger' && holds === 'text'));
          if (taint === undefined) continue;
          yield {
            at,
            message: `${'${{'} ${source} }} becomes part of what ${uses.repository} tells a language model, which does not know it from an order`,
            fix: 'let the model do nothing but answer: a token that reads, no secret, and no tool; and check what it answers',
            events: taint.events,
            flow: [...taint.hops, { at, what: 'becomes part of a prompt' }],
            ...(!isPrivileged(taint) && { severity: 'low' as const }),
            ...(site.job !== undefined && { job: site.job.id }),
          };
        }
  }
}
