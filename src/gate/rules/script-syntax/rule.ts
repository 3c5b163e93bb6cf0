import type { Found } from '../../finding.ts';
import { pieceSpan } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import { systemsOf } from '../../runners/job-labels.ts';
import type { Site, Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'script-syntax',
  title: 'A script of Bash cannot be read',
  severity: 'medium',
  confidence: 'medium',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§7'],
  alsoKnownAs: ['actionlint/shellcheck'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const site of subject.sites) {
    const { run } = site.step;
    const [mistake] = subject.script(site)?.mistakes ?? [];
    if (run === undefined || mistake === undefined || !isBash(site)) continue;
    // What an expression becomes may close what is open.
    const unsure = run.text.includes('${{');
    const line = lineOf(run.text, mistake.position);
    yield {
      at: pieceSpan(site.file.source, run, line.trim()),
      message: `the script cannot be read as Bash: ${mistake.why.slice(0, 160)}`,
      fix: 'correct the script; bash -n FILE tells the same',
      ...(unsure && { confidence: 'low' }),
      ...(site.job !== undefined && { job: site.job.id }),
    };
  }
}

/** Where no shell is written, it is that of the machine: PowerShell on Windows. */
function isBash({ file, job, step }: Site): boolean {
  const named = step.shell ?? job?.defaultShell ?? (file.kind === 'workflow' ? file.defaultShell : undefined);
  if (named !== undefined || job === undefined) return true;
  return systemsOf(job)?.has('Windows') === false;
}

/** The line of a position, or the last before it that holds something. */
function lineOf(text: string, position: number): string {
  const before = text.slice(0, position);
  const begin = before.lastIndexOf('\n') + 1;
  const end = text.indexOf('\n', position);
  const line = text.slice(begin, end === -1 ? undefined : end);
  return line.trim() === '' ? (before.trimEnd().split('\n').at(-1) ?? '') : line;
}
