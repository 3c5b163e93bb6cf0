import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Assignment } from '../../../workflow/index.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'insecure-commands',
  title: 'A job lets its output set variables and paths',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§2'],
  alsoKnownAs: ['zizmor/insecure-commands'],
  check,
  mend,
};

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows) {
    const lists = [file.env, ...file.jobs.flatMap((job) => [job.env, ...job.steps.map(({ env }) => env)])];
    for (const { value } of lists.flat().filter(allows))
      yield {
        at: spanOf(file.source, value.at, value.text.length),
        message: 'whatever a program prints can set variables and the path of later steps',
        fix: 'remove ACTIONS_ALLOW_UNSECURE_COMMANDS, and write to GITHUB_ENV and GITHUB_PATH',
      };
  }
  for (const { source, steps } of subject.repository.actions)
    for (const { value } of steps.flatMap(({ env }) => env).filter(allows))
      yield {
        at: spanOf(source, value.at, value.text.length),
        message: 'whatever a program prints can set variables and the path of later steps',
        fix: 'remove ACTIONS_ALLOW_UNSECURE_COMMANDS, and write to GITHUB_ENV and GITHUB_PATH',
      };
}

function allows({ name, value }: Assignment): boolean {
  return (
    name.toUpperCase() === 'ACTIONS_ALLOW_UNSECURE_COMMANDS' &&
    // What the runner takes for true (actions/runner, StringUtil), and what may become that.
    (/^(?:1|\$?true)$/i.test(value.text.trim()) || value.text.includes('${{'))
  );
}
