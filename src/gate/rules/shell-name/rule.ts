import type { Found } from '../../finding.ts';
import type { JobPart, WorkflowFile } from '../../repository/model.ts';
import type { Rule } from '../../rule.ts';
import { systemsOf } from '../../runners/job-labels.ts';
import type { Subject } from '../../subject.ts';
import type { Text } from '../../../workflow/index.ts';
import type { System } from '../../known/runner-labels.ts';

export const rule: Rule = {
  id: 'shell-name',
  title: 'A shell that is not there',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§7'],
  alsoKnownAs: ['actionlint/shell-name'],
  check,
};

const EVERYWHERE = ['bash', 'pwsh', 'python'];
const WINDOWS = ['cmd', 'powershell'];

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows) {
    if (file.defaultShell !== undefined)
      yield* judged(subject, file, undefined, file.defaultShell, undefined);
    for (const job of file.jobs) {
      const systems = systemsOf(job);
      if (job.defaultShell !== undefined) yield* judged(subject, file, job, job.defaultShell, systems);
      for (const { shell } of job.steps)
        if (shell !== undefined) yield* judged(subject, file, job, shell, systems);
    }
  }
  for (const file of subject.repository.actions)
    for (const { shell } of file.steps)
      if (shell !== undefined) yield* judged(subject, file, undefined, shell, undefined);
}

function* judged(
  subject: Subject,
  file: WorkflowFile | Subject['repository']['actions'][number],
  job: JobPart | undefined,
  shell: Text,
  systems: ReadonlySet<System> | undefined,
): Iterable<Found> {
  // Forgejo and Gitea know it, GitHub does not.
  if (shell.text === 'node' && !file.source.path.startsWith('.github/')) return;
  const why = wrongShell(shell.text, systems);
  if (why === undefined) return;
  yield {
    at: subject.span({ file }, shell),
    message: `${JSON.stringify(shell.text.slice(0, 80))} is no shell ${why}`,
    fix: 'use bash, sh, pwsh, python, or a command line with {0} for the script',
    ...(job !== undefined && { job: job.id }),
  };
}

function wrongShell(shell: string, systems: ReadonlySet<System> | undefined): string | undefined {
  if (shell.includes('${{') || shell === '') return undefined;
  const [name = ''] = shell.trim().toLowerCase().split(/\s/, 1);
  if (shell.includes('{0}')) return undefined;
  if (shell.trim().toLowerCase() !== name)
    return 'that GitHub knows: with options it needs {0} for the script';
  if (EVERYWHERE.includes(name)) return undefined;
  const only = systems?.size === 1 ? [...systems][0] : undefined;
  if (WINDOWS.includes(name))
    return only === 'Linux' || only === 'macOS' ? `of ${only}: it is one of Windows` : undefined;
  if (name === 'sh') return only === 'Windows' ? 'of Windows' : undefined;
  return 'that GitHub knows, and has no {0} for the script';
}
