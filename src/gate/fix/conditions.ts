import type { Text, YamlPath } from '../../workflow/index.ts';
import type { Finding } from '../finding.ts';
import type { Scope, Subject } from '../subject.ts';
import { isAt, sitesOf, stepPath, workflowOfFinding } from './sites.ts';

/** The `if` that a finding is at. */
export function conditionAt(
  subject: Subject,
  finding: Finding,
): { readonly path: YamlPath; readonly text: Text; readonly scope: Scope } | undefined {
  for (const site of sitesOf(subject, finding)) {
    const { if: text } = site.step;
    if (text !== undefined && isAt(text.at, finding))
      return { path: [...stepPath(site), 'if'], text, scope: site };
  }
  const file = workflowOfFinding(subject, finding.at);
  for (const job of file?.jobs ?? [])
    if (file !== undefined && job.if !== undefined && isAt(job.if.at, finding))
      return { path: ['jobs', job.id, 'if'], text: job.if, scope: { file, job } };
  return undefined;
}
