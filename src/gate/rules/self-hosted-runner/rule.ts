import type { Found } from '../../finding.ts';
import { spanOf, textsIn } from '../../repository/tree.ts';
import type { JobPart, WorkflowFile } from '../../repository/model.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { allReferences } from '../../taint/references.ts';
import type { Text } from '../../../workflow/index.ts';
import { entriesOf } from '../../repository/tree.ts';

export const rule: Rule = {
  id: 'self-hosted-runner',
  title: 'A stranger\u2019s code runs on a machine of one\u2019s own',
  severity: 'high',
  confidence: 'medium',
  persona: 'default',
  guide: ['§0', '§1'],
  alsoKnownAs: [
    'zizmor/self-hosted-runner',
    'poutine/pr_runs_on_self_hosted',
    'scorecard/Dangerous-Workflow',
  ],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows) {
    const reached = subject.reachedByStrangers(file)[0];
    for (const job of file.jobs) {
      const label = ownLabel(subject, file, job);
      if (label === undefined) continue;
      const at = spanOf(file.source, label.at, label.text.length);
      yield {
        at,
        job: job.id,
        ...(reached === undefined
          ? {
              severity: 'low',
              persona: 'auditor',
              message: `the job ${job.id} runs on a machine of one\u2019s own, which may keep what earlier jobs left`,
              fix: 'use runners that are thrown away after each job',
            }
          : {
              message: `a stranger starts the job ${job.id} by ${reached.event}, and it runs on a machine of one\u2019s own`,
              fix: 'run it on a hosted runner, or in a pool of throwaway machines for untrusted jobs only',
              flow: [...reached.via, { at, what: 'runs on a machine of one\u2019s own' }],
            }),
      };
    }
  }
}

function ownLabel(subject: Subject, file: WorkflowFile, job: JobPart): Text | undefined {
  const own = (text: Text): boolean => text.text.toLowerCase() === 'self-hosted';
  const written = [...job.runsOn].find(own) ?? job.runnerGroup;
  if (written !== undefined) return written;
  for (const text of job.runsOn)
    for (const { tree } of subject.expressions(file, text))
      for (const [context, name] of allReferences(tree)) {
        if (context !== 'matrix' || job.matrix === undefined) continue;
        const values = entriesOf(job.matrix).filter(
          ({ key }) => key.toLowerCase() === name || key === 'include',
        );
        const found = values.flatMap(({ value }) => textsIn(value)).find(own);
        if (found !== undefined) return found;
      }
  return undefined;
}
