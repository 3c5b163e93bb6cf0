import type { UsesPolicy } from '../../facts.ts';
import type { Found } from '../../finding.ts';
import { itemsOf, textOf, valueOf } from '../../repository/tree.ts';
import { hookRepositories } from '../../hooks.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { repositoryUses } from '../../uses.ts';

export const rule: Rule = {
  id: 'forbidden-uses',
  title: 'Policy does not allow an action',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  guide: ['§6', '§7'],
  alsoKnownAs: ['zizmor/forbidden-uses'],
  check,
};

/** All policies hold: the operator\u2019s, and that of the repository, which can forbid more and never allow what another forbids. */
function* check(subject: Subject): Iterable<Found> {
  const policies: readonly UsesPolicy[] = [
    ...(subject.facts.uses === undefined ? [] : [subject.facts.uses]),
    ...subject.repository.policies.map(({ tree }) => {
      const uses = valueOf(valueOf(tree, 'gate'), 'uses');
      const words = (key: string): readonly string[] | undefined => {
        const list = valueOf(uses, key);
        return list === undefined ? undefined : itemsOf(list).flatMap((item) => textOf(item)?.text ?? []);
      };
      return { allow: words('allow'), deny: words('deny') };
    }),
  ];
  for (const { repository, rev, at } of hookRepositories(subject)) {
    const why =
      repository === undefined
        ? undefined
        : policies
            .map((policy) => refusedBy(policy, repository, repository, rev))
            .find((found) => found !== undefined);
    if (why !== undefined)
      yield {
        at,
        message: `hooks of ${repository}@${rev.slice(0, 80)}: that ${why}`,
        fix: 'use other hooks, or ask whoever keeps the policy (gate.uses)',
      };
  }
  for (const { uses, at, job } of repositoryUses(subject)) {
    const whole = `${uses.repository}${uses.path === '' ? '' : `/${uses.path}`}`;
    const why = policies
      .map((policy) => refusedBy(policy, uses.repository, whole, uses.ref))
      .find((found) => found !== undefined);
    if (why === undefined) continue;
    yield {
      at,
      message: `${whole}@${uses.ref} ${why}`,
      fix: 'use another action, or ask whoever keeps the policy (gate.uses)',
      ...(job !== undefined && { job: job.id }),
    };
  }
}

function refusedBy(
  { allow, deny }: UsesPolicy,
  repository: string,
  whole: string,
  ref: string,
): string | undefined {
  const denied = deny?.find((pattern) => covers(pattern, repository, whole, ref));
  if (denied !== undefined) return `is denied by ${denied}`;
  if (allow === undefined || allow.some((pattern) => covers(pattern, repository, whole, ref)))
    return undefined;
  return 'is none of those that policy allows';
}

/** `*`, `owner/*`, `owner/name` with all below it, `owner/name/path`, each with `@ref` behind it if only that ref is meant. */
function covers(pattern: string, repository: string, whole: string, ref: string): boolean {
  const at = pattern.indexOf('@');
  const named = (at === -1 ? pattern : pattern.slice(0, at)).toLowerCase().replace(/\/\*\*?$/, '/*');
  if (at !== -1 && pattern.slice(at + 1) !== ref) return false;
  if (named === '*' || named === '*/*') return true;
  if (named.endsWith('/*')) return `${whole.toLowerCase()}/`.startsWith(named.slice(0, -1));
  return named === repository || named === whole.toLowerCase() || whole.toLowerCase().startsWith(`${named}/`);
}
