import type { Found } from '../../finding.ts';
import { pieceSpan } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { mend } from './mend.ts';
import { row } from '../../known/row.ts';

export const rule: Rule = {
  id: 'deprecated-commands',
  title: 'A step speaks to the runner in a way that is switched off',
  severity: 'low',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§2', '§7'],
  alsoKnownAs: ['actionlint/deprecated-commands'],
  check,
  mend,
};

/** Of one script; to find the place of each takes time. */
const MAX_OF_ONE = 50;
const COMMAND = /::(set-output|save-state|set-env|add-path)(?:[ \t]|::)/g;
const INSTEAD: Readonly<Record<string, string>> = {
  'set-output': 'write NAME=VALUE to "$GITHUB_OUTPUT"',
  'save-state': 'write NAME=VALUE to "$GITHUB_STATE"',
  'set-env': 'write NAME=VALUE to "$GITHUB_ENV"',
  'add-path': 'write the folder to "$GITHUB_PATH"',
};

function* check(subject: Subject): Iterable<Found> {
  for (const { file, job, step } of subject.sites) {
    if (step.run === undefined || !step.run.text.includes('::')) continue;
    let count = 0;
    for (const line of new Set(step.run.text.split('\n'))) {
      if (count >= MAX_OF_ONE) break;
      const command = /^\s*#/.test(line) ? undefined : [...line.matchAll(COMMAND)][0]?.[1];
      if (command === undefined) continue;
      count += 1;
      const refused = command === 'set-env' || command === 'add-path';
      yield {
        at: pieceSpan(file.source, step.run, line.trim()),
        message: `the command ::${command} is ${refused ? 'refused by runners since 2020' : 'deprecated'}: whatever a step prints could give it`,
        fix: row(INSTEAD, command) ?? 'use the file of the runner',
        ...(refused && { severity: 'medium' }),
        ...(job !== undefined && { job: job.id }),
      };
    }
  }
}
