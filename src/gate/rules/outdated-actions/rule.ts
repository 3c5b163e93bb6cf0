import type { Found } from '../../finding.ts';
import { actionFacts } from '../../known/popular-actions.ts';
import { lineAt, spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'outdated-actions',
  title: 'An action is made for a runtime that has ended',
  severity: 'low',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§6', '§7'],
  alsoKnownAs: ['actionlint/action'],
  check,
};

/** When the runtime got its last mend. Source: Node.js release schedule, GitHub's changelog; read 2026-11. */
const ENDED: Readonly<Record<string, string>> = {
  plugin: '2020',
  node12: '2022-04-30',
  node16: '2023-09-11',
  node20: '2026-04-30',
};

function* check(subject: Subject): Iterable<Found> {
  for (const { file, job, step } of subject.sites) {
    const { uses } = step;
    if (uses?.kind !== 'repository') continue;
    const facts = actionFacts(uses, lineAt(file.source, uses.at.line ?? 0));
    const ended = facts !== undefined && Object.hasOwn(ENDED, facts.using) ? ENDED[facts.using] : undefined;
    if (facts === undefined || ended === undefined) continue;
    yield {
      at: spanOf(file.source, uses.at, uses.text.length),
      message: `${uses.repository} ${facts.version} is made for ${facts.using}, which nobody mends since ${ended}; runners start it with a newer one, or not at all`,
      fix: 'use a newer version of the action',
      // The runtime before the newest is still installed on every runner.
      ...(facts.using === 'node20' && { severity: 'info', persona: 'pedantic' }),
      ...(job !== undefined && { job: job.id }),
    };
  }
}
