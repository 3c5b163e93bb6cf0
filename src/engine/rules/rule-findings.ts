import { err, ok, type Refusal, type Result } from '../../base/index.ts';
import type { CustomRule } from '../../config/index.ts';
import type { RuleInput } from '../../custom-rules/index.ts';
import type { Finding, JobPart, Judgement, WorkflowFile } from '../../gate/index.ts';

/** What rules of one's own say of a repository, beside what the gate says. */
export type RuleFinder = (judgement: Omit<Judgement, 'failed'>) => readonly Finding[];

/**
 * What rules of one's own say of every job of a repository, as findings of `cofferdam check`: for each event that brings it to run,
 * in the highest zone that such a run can prove.
 */
export async function ruleFinder(rules: readonly CustomRule[]): Promise<Result<RuleFinder, Refusal>> {
  if (rules.length === 0) return ok(() => []);
  const { NOTHING, rulebook } = await import('../../custom-rules/index.ts');
  const { jobDocument, workflowDocument } = await import('./job-document.ts');
  const { placedRuns } = await import('../../gate/index.ts');
  const book = rulebook(rules);
  if (!book.ok) {
    const [first] = book.error;
    if (first === undefined) throw new Error('rules were refused without a reason');
    return err(first);
  }
  return ok(({ subject, findings }) => {
    const placed = placedRuns(subject);
    const found = new Map<string, Finding>();
    for (const file of subject.repository.workflows)
      for (const job of file.jobs) {
        const runs = placed.filter((run) => run.workflow === file.source.path && run.job === job.id);
        const uncalled = [{ event: 'workflow_call', of: 'a call', zone: 'untrusted' as const }];
        for (const { event, of, zone } of runs.length > 0 ? runs : uncalled) {
          const input: RuleInput = {
            ...NOTHING,
            run: { ...NOTHING.run, command: 'check', event, fork: of === 'a fork' },
            workflow: workflowDocument(file),
            job: jobDocument(subject, file, job, zone),
            findings: findingsAbout(findings, file, job),
          };
          for (const { rule, failed } of book.value.denials(input)) {
            const key = `${file.source.path} ${job.id} ${rule.id}`;
            if (!found.has(key)) found.set(key, finding(rule, job, failed));
          }
        }
      }
    return [...found.values()];
  });
}

/** What the gate says of a job: in it, or in the whole file. */
export function findingsAbout(
  all: readonly Finding[],
  file: WorkflowFile,
  job: JobPart,
): RuleInput['findings'] {
  return all
    .filter((one) => one.at.file === file.source.path && (one.job === undefined || one.job === job.id))
    .map(({ rule, severity, at, message }) => ({ rule, severity, file: at.file, line: at.line, message }));
}

function finding(rule: CustomRule, job: JobPart, failed: string | undefined): Finding {
  return {
    rule: `own/${rule.id}`,
    severity: rule.severity ?? 'high',
    confidence: 'high',
    persona: 'default',
    at: job.at,
    job: job.id,
    message:
      failed === undefined ? rule.why : `it could not be decided (${failed}), which counts as: ${rule.why}`,
    fix: rule.fix ?? 'see the rule in cofferdam.yaml',
  };
}
