import type { MendPlan } from '../../fix/mend.ts';
import { stepPath } from '../../fix/sites.ts';
import type { Finding } from '../../finding.ts';
import type { Subject } from '../../subject.ts';
import { pinOfUses, refFacts, repositoryUses, versionComment } from '../../uses.ts';

/** Where a lock or a mirror knows the tags of a commit, the comment says the most exact of them. No value changes. */
export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  for (const one of repositoryUses(subject)) {
    const comment = one.at.file === finding.at.file ? versionComment(one) : undefined;
    if (comment?.at.line !== finding.at.line || comment.at.column !== finding.at.column) continue;
    const pin = pinOfUses(one);
    const version = pin === undefined ? undefined : refFacts(subject, pin)?.tags[0];
    if (version === undefined || !/^v?\d[\w.+-]{0,60}$/.test(version)) return undefined;
    const { file, job, step } = one;
    const above =
      step === undefined
        ? (['jobs', job?.id ?? ''] as const)
        : stepPath({ file, step, ...(job !== undefined && { job }) });
    return {
      title: `write the version that the commit is: ${version}`,
      safety: 'safe',
      operations: [{ kind: 'comment', path: [...above, 'uses'], text: version, replaces: comment.text }],
    };
  }
  return undefined;
}
