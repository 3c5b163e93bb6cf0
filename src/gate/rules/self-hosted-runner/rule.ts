import type { Found } from '../../finding.ts';
import { spanOf, textsIn } from '../../repository/tree.ts';
import type { JobPart, WorkflowFile } from '../../repository/model.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { allReferences } from '../../taint/references.ts';
import type { Expression, Text } from '../../../workflow/index.ts';
import { systemOf } from '../../known/runner-labels.ts';
import { entriesOf } from '../../repository/tree.ts';

export const rule: Rule = {
  id: 'self-hosted-runner',
  title: 'A stranger\u2019s code runs on a machine of one\u2019s own',
  severity: 'high',
  confidence: 'medium',
  persona: 'default',
  looksAt: 'connected',
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
      const own = ownLabel(subject, file, job);
      if (own === undefined) continue;
      const { label, sure } = own;
      const at = spanOf(file.source, label.at, label.text.length);
      const where = sure
        ? 'on a machine of one\u2019s own'
        : `on a machine called ${label.text}, which is none of GitHub\u2019s`;
      yield {
        at,
        job: job.id,
        ...(reached === undefined
          ? {
              severity: 'low',
              persona: 'auditor',
              message: `the job ${job.id} runs ${where}, which may keep what earlier jobs left`,
              fix: 'use runners that are thrown away after each job',
            }
          : {
              message: `a stranger starts the job ${job.id} by ${reached.event}, and it runs ${where}`,
              fix: 'run it on a hosted runner, or in a pool of throwaway machines for untrusted jobs only',
              flow: [...reached.via, { at, what: `runs ${where}` }],
              // A label may as well be of a larger machine of GitHub's, or of somebody who lends them.
              ...(!sure && { severity: 'medium', confidence: 'low', persona: 'pedantic' }),
            }),
      };
    }
  }
}

interface OwnLabel {
  readonly label: Text;
  readonly sure: boolean;
}

const OWN = 'self-hosted';
/** Machines that others lend, each new for each job. Source: the documentation of each (2026-11). */
const LENT =
  /^(?:(?:buildjet|blacksmith|depot|namespace|nscloud|warp|ubicloud|cirrus|codebuild|runs-on|gha|bitrise|macstadium)[-=/]|.*(?:\d-?cores?|-x?large|-xl)\b)/i;

function ownLabel(subject: Subject, file: WorkflowFile, job: JobPart): OwnLabel | undefined {
  const written = job.runsOn.find(isOwn) ?? job.runnerGroup;
  if (written !== undefined) return { label: written, sure: true };
  for (const text of job.runsOn)
    for (const { tree } of subject.expressions(file, text)) {
      if (literals(tree).some((value) => /(?:^|[\s"',[])self-hosted(?:$|[\s"',\]])/i.test(value)))
        return { label: text, sure: true };
      for (const [context, name] of allReferences(tree)) {
        if (context !== 'matrix' || job.matrix === undefined) continue;
        const values = entriesOf(job.matrix).filter(
          ({ key }) => key.toLowerCase() === name || key === 'include',
        );
        const found = values.flatMap(({ value }) => textsIn(value)).find(isOwn);
        if (found !== undefined) return { label: found, sure: true };
      }
    }
  // Folders of Forgejo and Gitea have no machines but one's own, under whatever name.
  if (!file.source.path.startsWith('.github/')) return undefined;
  const unknown = job.runsOn.find(
    ({ text }) => text !== '' && !text.includes('${{') && systemOf(text) === undefined && !LENT.test(text),
  );
  return unknown === undefined || job.runsOn.some(({ text }) => systemOf(text) !== undefined)
    ? undefined
    : { label: unknown, sure: false };
}

function isOwn({ text }: Text): boolean {
  return text.toLowerCase() === OWN;
}

function literals(tree: Expression): readonly string[] {
  switch (tree.kind) {
    case 'literal':
      return typeof tree.value === 'string' ? [tree.value] : [];
    case 'call':
      return tree.arguments.flatMap(literals);
    case 'logical':
      return tree.operands.flatMap(literals);
    default:
      // What is compared with is no label.
      return [];
  }
}
