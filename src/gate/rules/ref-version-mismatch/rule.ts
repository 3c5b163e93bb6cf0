import type { Found } from '../../finding.ts';
import { isCommit } from '../../lock/pin.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { pinOfUses, refFacts, type RepositoryUses, repositoryUses, versionComment } from '../../uses.ts';

export const rule: Rule = {
  id: 'ref-version-mismatch',
  title: 'The comment behind a commit names another version',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  guide: ['§6'],
  alsoKnownAs: ['zizmor/ref-version-mismatch'],
  check,
};

const FIX = 'look at the commit, then write the version that it is, or the commit of that version';

function* check(subject: Subject): Iterable<Found> {
  const byVersion = new Map<string, Set<string>>();
  const byCommit = new Map<string, Set<string>>();
  const told: {
    readonly one: RepositoryUses;
    readonly comment: NonNullable<ReturnType<typeof versionComment>>;
  }[] = [];
  for (const one of repositoryUses(subject)) {
    const comment = versionComment(one);
    if (comment === undefined) continue;
    told.push({ one, comment });
    const { repository, ref } = one.uses;
    if (!isCommit(ref) || !isExact(comment.text)) continue;
    add(byVersion, `${repository} ${bare(comment.text)}`, ref);
    add(byCommit, `${repository} ${ref}`, bare(comment.text));
  }
  for (const { one, comment } of told) {
    const why = contradicted(subject, one, comment.text) ?? disputed(one, comment.text, byVersion, byCommit);
    if (why === undefined) continue;
    yield {
      at: comment.at,
      message: `the comment says ${comment.text}, and ${why}`,
      fix: FIX,
      ...(one.job !== undefined && { job: one.job.id }),
    };
  }
}

/** What a lock or a mirror says against the comment. */
function contradicted(subject: Subject, one: RepositoryUses, version: string): string | undefined {
  const pin = pinOfUses(one);
  if (pin === undefined) return undefined;
  const { repository, ref } = one.uses;
  const { own, actions } = subject.repository.locks;
  const other = actions?.dependencies.get(pin)?.ref;
  const tags = refFacts(subject, pin)?.tags ?? (other !== undefined && /^v?\d/.test(other) ? [other] : []);
  if (tags.length > 0 && !tags.some((tag) => agree(tag, version))) return `the commit is ${tags[0]}`;
  if (!isCommit(ref)) return undefined;
  for (const name of [version, version.startsWith('v') ? version.slice(1) : `v${version}`]) {
    const named = `${repository}@${name}`;
    const commit =
      own?.actions.get(named)?.commit ??
      actions?.dependencies.get(named)?.commit ??
      subject.facts.refs.get(named)?.commit;
    if (commit !== undefined && commit !== ref) return `${name} is locked at ${commit}`;
  }
  return undefined;
}

/** Two places of the repository that cannot both be right. */
function disputed(
  { uses: { repository, ref } }: RepositoryUses,
  version: string,
  byVersion: ReadonlyMap<string, ReadonlySet<string>>,
  byCommit: ReadonlyMap<string, ReadonlySet<string>>,
): string | undefined {
  if (!isCommit(ref) || !isExact(version)) return undefined;
  const commits = byVersion.get(`${repository} ${bare(version)}`);
  if (commits !== undefined && commits.size > 1)
    return 'another commit of this repository\u2019s workflows says the same';
  const versions = [...(byCommit.get(`${repository} ${ref}`) ?? [])];
  const different = versions.find((one) => one !== bare(version));
  return different === undefined ? undefined : `the same commit is called ${different} elsewhere`;
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  map.set(key, (map.get(key) ?? new Set()).add(value));
}

function bare(version: string): string {
  return version.replace(/^v/, '');
}

function isExact(version: string): boolean {
  return /^v?\d+\.\d+\.\d+/.test(version);
}

/** `v4` and `v4.1.2` may be the same commit. */
function agree(tag: string, version: string): boolean {
  const [a, b] = [bare(tag), bare(version)];
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}
