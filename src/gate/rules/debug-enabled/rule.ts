import type { Assignment } from '../../../workflow/index.ts';
import type { Found } from '../../finding.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Scope, Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'debug-enabled',
  title: 'The log tells everybody what only a person at the fault should read',
  severity: 'low',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§3', '§8'],
  alsoKnownAs: ['poutine/debug_enabled'],
  check,
};

const NAMES = new Set(['ACTIONS_RUNNER_DEBUG', 'ACTIONS_STEP_DEBUG']);

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows) {
    yield* told(file.env, { file });
    for (const job of file.jobs) yield* told(job.env, { file, job });
  }
  for (const site of subject.sites) yield* told(site.step.env, site);
}

function* told(env: readonly Assignment[], { file, job }: Scope): Iterable<Found> {
  for (const { name, value } of env)
    if (NAMES.has(name.toUpperCase()) && !['', '0', 'false'].includes(value.text.toLowerCase()))
      yield {
        at: spanOf(file.source, value.at, value.text.length),
        message: `${name} puts what the runner and its actions do into the log`,
        fix: 'take it away, and run a job again with debug logging when that is needed',
        ...(job !== undefined && { job: job.id }),
      };
}
