import type { Found } from '../../finding.ts';
import { isCommit } from '../../lock/pin.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { pinOfUses, refFacts, type RepositoryUses, repositoryUses, versionComment } from '../../uses.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'ref-version-mismatch',
  title: 'The comment behind a commit names another version',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  guide: ['§6'],
  alsoKnownAs: ['zizmor/ref-version-mismatch'],
  check,
  mend,
};

const FIX = 'look at the commit, then write the version that it is, or the commit of that version';

function* check(subject: Subject): Iterable<Found> {
  const byVersion = new Map<string, Map<string, number>>();
  const byCommit = new Map<string, Map<string, number>>();
  const told: {
    readonly one: RepositoryUses;
    readonly comment: NonNullable<ReturnType<typeof versionComment>>;
  }[] = [];
  for (const one of repositoryUses(subject)) {
    const comment = versionComment(one);
    if (comment === undefined) {
      if (isCommit(one.uses.ref)) yield unnamed(one);
      continue;
    }
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

/** Whoever reads a commit cannot tell how old it is, and what updates it has no version to begin from. */
function unnamed({ uses, at, job }: RepositoryUses): Found {
  return {
    at,
    severity: 'info',
    persona: 'pedantic',
    message: `nothing says which version of ${uses.repository} the commit is`,
    fix: 'write the version in a comment behind it',
    ...(job !== undefined && { job: job.id }),
  };
}

/** What a lock or a mirror says against the comment. */
function contradicted(subject: Subject, one: RepositoryUses, version: string): string | undefined {
  const pin = pinOfUses(one);
  if (pin === undefined) return undefined;
  const { repository, ref } = one.uses;
  const { own, actions } = subject.repository.locks;
  const other = actions?.dependencies.get(pin)?.ref;
  const tags = (refFacts(subject, pin)?.tags ?? (other === undefined ? [] : [other])).flatMap(
    (tag) => versionIn(tag) ?? [],
  );
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

/** Two places of the repository that cannot both be right: what most of them say is taken to be. */
function disputed(
  { uses: { repository, ref } }: RepositoryUses,
  version: string,
  byVersion: ReadonlyMap<string, ReadonlyMap<string, number>>,
  byCommit: ReadonlyMap<string, ReadonlyMap<string, number>>,
): string | undefined {
  if (!isCommit(ref) || !isExact(version)) return undefined;
  const called = outvoted(byCommit.get(`${repository} ${ref}`), bare(version));
  if (called !== undefined) return `the same commit is called ${called} elsewhere`;
  const commit = outvoted(byVersion.get(`${repository} ${bare(version)}`), ref);
  return commit === undefined ? undefined : `${commit.slice(0, 12)} is called the same elsewhere`;
}

/** Another value that is written at least as often. */
function outvoted(votes: ReadonlyMap<string, number> | undefined, own: string): string | undefined {
  const mine = votes?.get(own) ?? 0;
  return [...(votes ?? [])].find(([value, number]) => value !== own && number >= mine)?.[0];
}

function add(map: Map<string, Map<string, number>>, key: string, value: string): void {
  const votes = map.get(key) ?? new Map<string, number>();
  map.set(key, votes.set(value, (votes.get(value) ?? 0) + 1));
}

/** The version in a tag: `v4.1.2`, and `1.1.5` of `predicate@1.1.5`. */
function versionIn(tag: string): string | undefined {
  return /(?:^|[@/_-])(v?\d+(?:\.\d+){0,3}(?:[-+][\w.]{1,30})?)$/.exec(tag)?.[1];
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
