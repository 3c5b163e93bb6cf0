import { type Affected, isAffected, type VersionRange } from '../../advisories/advisory.ts';
import type { Found } from '../../finding.ts';
import { lockedUse } from '../../lock/agreement.ts';
import { isCommit } from '../../lock/pin.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { pinOfUses, repositoryUses, versionUsed } from '../../uses.ts';

export const rule: Rule = {
  id: 'known-vulnerable-actions',
  title: 'An advisory speaks of this version of an action',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  guide: ['§6'],
  alsoKnownAs: [
    'zizmor/known-vulnerable-actions',
    'codeql/actions/vulnerable-action',
    'poutine/known_vulnerability_in_build_component',
  ],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  const { advisories } = subject.facts;
  if (advisories === undefined) return;
  for (const one of repositoryUses(subject)) {
    const { repository, path, ref } = one.uses;
    const whole = path === '' ? repository : `${repository}/${path}`.toLowerCase();
    const pin = pinOfUses(one);
    const commit = isCommit(ref)
      ? ref
      : pin === undefined
        ? undefined
        : lockedUse(subject.repository.locks, pin)?.commit;
    const version = versionUsed(subject, one);
    for (const { id, aliases, summary, severity, affected, source } of advisories.list) {
      const found = affected.find(
        ({ name, ...rest }) =>
          (name === repository || name === whole) &&
          isAffected({ name, ...rest }, { version: version?.text, commit }),
      );
      if (found === undefined) continue;
      const cve = aliases.find((alias) => alias.startsWith('CVE-'));
      const named = cve === undefined ? id : `${id}, ${cve}`;
      const is =
        version === undefined
          ? ref.slice(0, 12)
          : `${version.text}${version.by === 'ref' ? '' : `, as the ${version.by} says`}`;
      yield {
        at: one.at,
        severity,
        ...(version?.by === 'comment' && { confidence: 'medium' as const }),
        message: `${repository} (${is}) is in an advisory, ${named}: ${summary} (advisories of ${advisories.date})`,
        fix: `${mended(found)}; see ${source}`,
        ...(one.job !== undefined && { job: one.job.id }),
      };
    }
  }
}

function mended({ ranges, commits }: Affected): string {
  const last = ranges.findLast(({ fixed }: VersionRange) => fixed !== undefined)?.fixed;
  if (last !== undefined) return `use ${last} or later`;
  return commits.length > 0 ? 'name the commit of a release' : 'use another action';
}
