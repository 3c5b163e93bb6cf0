import { type Advisory, type Affected, isAffected, versionOf } from '../../advisories/advisory.ts';
import { type Found, SEVERITIES } from '../../finding.ts';
import { lockedUse } from '../../lock/agreement.ts';
import { isCommit } from '../../lock/pin.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { pinOfUses, repositoryUses, versionUsed } from '../../uses.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'known-vulnerable-actions',
  title: 'An advisory speaks of this version of an action',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§6'],
  alsoKnownAs: [
    'zizmor/known-vulnerable-actions',
    'codeql/actions/vulnerable-action',
    'poutine/known_vulnerability_in_build_component',
  ],
  check,
  mend,
};

function* check(subject: Subject): Iterable<Found> {
  const { advisories } = subject.facts;
  if (advisories === undefined) return;
  const byName = new Map<string, { readonly advisory: Advisory; readonly found: Affected }[]>();
  for (const advisory of advisories.list)
    for (const found of advisory.affected)
      byName.set(found.name, [...(byName.get(found.name) ?? []), { advisory, found }]);
  for (const one of repositoryUses(subject)) {
    const { repository, path, ref } = one.uses;
    const whole = path === '' ? repository : `${repository}/${path}`.toLowerCase();
    const spoken = [
      ...(byName.get(repository) ?? []),
      ...(whole === repository ? [] : (byName.get(whole) ?? [])),
    ];
    if (spoken.length === 0) continue;
    const pin = pinOfUses(one);
    const commit = isCommit(ref)
      ? ref
      : pin === undefined
        ? undefined
        : lockedUse(subject.repository.locks, pin)?.commit;
    const version = versionUsed(subject, one);
    const affecting = spoken.filter(({ found }) => isAffected(found, { version: version?.text, commit }));
    const hits = affecting.filter(
      ({ advisory }, at) => affecting.findIndex((other) => other.advisory === advisory) === at,
    );
    const [worst] = hits.toSorted(
      (a, b) => SEVERITIES.indexOf(b.advisory.severity) - SEVERITIES.indexOf(a.advisory.severity),
    );
    if (worst === undefined) continue;
    const is =
      version === undefined
        ? ref.slice(0, 12)
        : `${version.text}${version.by === 'ref' ? '' : `, as the ${version.by} says`}`;
    const others = hits
      .filter(({ advisory }) => advisory !== worst.advisory)
      .map(({ advisory }) => advisory.id);
    const also = others.length === 0 ? '' : `; also ${others.join(', ')}`;
    yield {
      at: one.at,
      severity: worst.advisory.severity,
      ...(version?.by === 'comment' && { confidence: 'medium' as const }),
      message: `${repository} (${is}) is in an advisory, ${named(worst.advisory)}: ${worst.advisory.summary}${also} (advisories of ${advisories.date})`,
      fix: `${mended(hits.map(({ found }) => found))}; see ${worst.advisory.source}`,
      ...(one.job !== undefined && { job: one.job.id }),
    };
  }
}

function named({ id, aliases }: Advisory): string {
  const cve = aliases.find((alias) => alias.startsWith('CVE-'));
  return cve === undefined ? id : `${id}, ${cve}`;
}

/** The version in which all of it is mended. */
function mended(affected: readonly Affected[]): string {
  const fixed = affected.flatMap(({ ranges }) => ranges.flatMap((range) => range.fixed ?? []));
  const last = fixed.toSorted(byVersion).at(-1);
  if (last !== undefined) return `use ${last} or later`;
  return affected.some(({ commits }) => commits.length > 0)
    ? 'name the commit of a release'
    : 'use another action';
}

function byVersion(a: string, b: string): number {
  const [left, right] = [versionOf(a) ?? [], versionOf(b) ?? []];
  const at = [0, 1, 2].find((part) => left[part] !== right[part]) ?? 0;
  const finite = (part: number | undefined): number =>
    part === undefined || !Number.isFinite(part) ? 0 : part;
  return finite(left[at]) - finite(right[at]);
}
