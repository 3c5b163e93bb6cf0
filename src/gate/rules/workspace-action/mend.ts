import type { MendPlan } from '../../fix/mend.ts';
import { isAt, sitesOf, stepPath, workflowOfFinding } from '../../fix/sites.ts';
import type { Finding } from '../../finding.ts';
import type { UsesPart } from '../../repository/model.ts';
import type { Subject } from '../../subject.ts';
import type { YamlPath } from '../../../workflow/index.ts';

/** What a step built or another checkout put there is no longer used, and other forges do not know the name: for a person to see. */
export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  for (const site of sitesOf(subject, finding)) {
    const { uses } = site.step;
    if (uses === undefined || !isAt(uses.at, finding)) continue;
    const folder = subject.calledAction(site.step, site.job)?.folder;
    // Where a checkout lies in a folder, the path is of the workspace and not of the repository.
    return folder !== undefined && uses.text.replace(/^\.\/|\/+$/g, '') === folder
      ? named(uses, [...stepPath(site), 'uses'])
      : undefined;
  }
  for (const job of workflowOfFinding(subject, finding.at)?.jobs ?? [])
    if (job.uses !== undefined && isAt(job.uses.at, finding))
      return subject.calledWorkflow(job) === undefined
        ? undefined
        : named(job.uses, ['jobs', job.id, 'uses']);
  return undefined;
}

function named({ text }: UsesPart, path: YamlPath): MendPlan {
  return {
    title: `name it as this repository’s own: $/${text.slice(2)}`,
    safety: 'unsafe',
    operations: [{ kind: 'rewrite', path, pieces: [{ start: 0, end: 1, text: '$' }] }],
  };
}
