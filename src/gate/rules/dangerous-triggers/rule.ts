import type { Found } from '../../finding.ts';
import type { JobPart, PermissionsPart, WorkflowFile } from '../../repository/model.ts';
import { textsIn } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'dangerous-triggers',
  title: 'Strangers start the workflow, and it runs with the repository\u2019s rights',
  severity: 'low',
  confidence: 'medium',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§0', '§2'],
  alsoKnownAs: ['zizmor/dangerous-triggers'],
  check,
};

/** Who starts it, and from where; other events that strangers bring about have nobody's code beside them. */
const EVENTS: Readonly<Record<string, string>> = {
  pull_request_target: 'anyone’s pull request starts it',
  workflow_run: 'it runs after a workflow that anyone’s pull request may have started',
  issue_comment: 'anyone’s comment starts it',
};

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows) {
    if (onlyLabels(file)) continue;
    const holds = file.jobs.some((job) => holdsAnything(file, job));
    for (const { event, at } of file.triggers) {
      const who = Object.hasOwn(EVENTS, event) ? EVENTS[event] : undefined;
      if (who !== undefined)
        yield {
          at,
          events: [event],
          message: `${who}, and its jobs have ${holds ? 'the repository’s token and secrets' : 'no more than a token that reads, as far as the file says'}`,
          fix: 'use pull_request or workflow_call where they do, take no file and no word of a stranger in, and grant nothing that is not used',
          ...(!holds && { severity: 'info', persona: 'pedantic' }),
        };
    }
  }
}

/** The one use that GitHub's own starter workflow makes of it: a label for what was changed, and nothing else is run. */
function onlyLabels({ triggers, jobs, permissions }: WorkflowFile): boolean {
  return (
    triggers.every(({ event }) => event !== 'issue_comment' && event !== 'workflow_run') &&
    jobs.length > 0 &&
    jobs.every(
      (job) =>
        (job.permissions ?? permissions) !== undefined &&
        job.steps.length > 0 &&
        job.steps.every(({ uses }) => uses?.kind === 'repository' && uses.repository === 'actions/labeler'),
    )
  );
}

function holdsAnything(file: WorkflowFile, job: JobPart): boolean {
  const granted = job.permissions ?? file.permissions;
  return (
    granted === undefined ||
    writes(granted) ||
    job.inheritsSecrets !== undefined ||
    [...textsIn(job.tree), ...file.env.map(({ value }) => value)].some(({ text }) =>
      /\bsecrets\b(?!\.GITHUB_TOKEN\b)/i.test(text),
    )
  );
}

function writes({ all, scopes }: PermissionsPart): boolean {
  return all === 'write' || scopes.some(({ level }) => level === 'write');
}
