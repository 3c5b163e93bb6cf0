import { type TrustedRepository, notOperatorsOwn, readOperatorFile } from '../../config/index.ts';
import type { Fact, ZoneFacts } from '../../zone/index.ts';
import type { RunEvent } from '../event/event.ts';
import { git } from '../repository/git.ts';
import type { LocalRepository } from '../repository/local-repository.ts';
import { verifyTag } from './signed-tag.ts';

/** Facts of the whole run; a job adds its environment. */
export type RunFacts = Omit<ZoneFacts, 'environment' | 'protectedEnvironment'>;

const PLAIN_REF = /^refs\/(?:heads|tags|remotes)\/[A-Za-z0-9][\w./@+#=-]{0,240}$/;

/** A full ref without any of git's own operators. Others are legal in git; nothing is proven about them. */
function isPlainRef(ref: string): boolean {
  return PLAIN_REF.test(ref) && !ref.includes('..') && !ref.includes('@{') && !ref.endsWith('.lock');
}

/** The commit that a full, plain ref stands for, or undefined. */
export async function commitAt(directory: string, ref: string): Promise<string | undefined> {
  if (!isPlainRef(ref)) return undefined;
  const found = await git(directory, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${ref}^{commit}`,
  ]);
  const text = found.ok ? found.value.toString('latin1').trim() : '';
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text) ? text : undefined;
}

/** `*` stands for any text without a slash; all else for itself. */
export function matchesAny(name: string, patterns: readonly string[] | undefined): boolean {
  return (patterns ?? []).some((pattern) => {
    const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\/-]/g, '\\$&'));
    return new RegExp(`^${parts.join('[^/]*')}$`).test(name);
  });
}

/** The ref that holds a protected branch: the repository's own in a mirror, the named remote's in a clone. */
export function protectedRef(trust: TrustedRepository, branch: string): string {
  return trust.remote === undefined ? `refs/heads/${branch}` : `refs/remotes/${trust.remote}/${branch}`;
}

/**
 * What this machine knows of a run, with where each fact comes from and whether whoever wrote the code could have forged
 * it. Refs, tags and signatures count only in a repository that the operator's file vouches for (`trust`), which only
 * the operator can write.
 */
export async function localFacts(
  repository: LocalRepository,
  event: RunEvent,
  trust: TrustedRepository | undefined,
): Promise<RunFacts> {
  const fromFile = event.payloadSource === 'event-file';
  const pull = event.name === 'pull_request' || event.name === 'pull_request_target';
  // A folder without git has a name and a commit of our own making.
  const known = repository.git ? 'git' : 'folder';
  const basic: RunFacts = {
    event: { value: event.name, source: 'command-line', forgeable: false },
    fork: {
      value: event.fork,
      source: fromFile ? 'event-file' : 'command-line',
      forgeable: fromFile && pull,
    },
    repository: { value: event.repository, source: known, forgeable: true },
    ref: { value: event.ref, source: known, forgeable: true },
    commit: { value: event.sha, source: known, forgeable: false },
    workTree: { value: event.workTree, source: 'command-line', forgeable: false },
    payloadOwn: { value: !fromFile, source: 'command-line', forgeable: false },
  };
  if (trust === undefined) return basic;
  const trusted = await trustedRepository(repository, event, trust);
  if (!trusted.value) return { ...basic, repositoryTrusted: trusted };
  return {
    ...basic,
    repository: { ...basic.repository, source: 'operator', forgeable: false },
    repositoryTrusted: trusted,
    ...(await refFacts(repository.directory, event, trust)),
  };
}

async function trustedRepository(
  repository: LocalRepository,
  event: RunEvent,
  trust: TrustedRepository,
): Promise<Fact<boolean>> {
  const fact = (value: boolean, why: string): Fact<boolean> => ({
    value,
    source: 'operator',
    forgeable: false,
    why,
  });
  if (!repository.git) return fact(false, `${trust.path} is no git repository`);
  if (event.repository !== trust.name) {
    return fact(false, `the operator\u2019s file calls it ${trust.name}, and git ${event.repository}`);
  }
  const common = await git(repository.directory, ['rev-parse', '--path-format=absolute', '--git-common-dir']);
  const folder = common.ok ? common.value.toString('utf8').trim() : '';
  if (folder !== `${repository.directory}/.git`) return fact(false, 'its .git is not a folder of its own');
  const others =
    (await notOperatorsOwn(folder).catch(() => 'it cannot be read')) ??
    (await notOperatorsOwn(`${folder}/refs`).catch(() => 'its refs cannot be read'));
  return others === undefined ? fact(true, 'vouched for by the operator') : fact(false, others);
}

async function refFacts(
  directory: string,
  event: RunEvent,
  trust: TrustedRepository,
): Promise<Partial<RunFacts>> {
  const fact = (value: boolean, source: string, why?: string): Fact<boolean> =>
    why === undefined ? { value, source, forgeable: false } : { value, source, forgeable: false, why };
  const branch = /^refs\/heads\/(.+)$/.exec(event.ref)?.[1];
  if (branch !== undefined) {
    if (!matchesAny(branch, trust.protectedBranches)) {
      return { protectedBranch: fact(false, 'operator', `${branch} is not a protected branch`) };
    }
    const ref = protectedRef(trust, branch);
    const tip = await commitAt(directory, ref);
    return tip === event.sha
      ? { protectedBranch: fact(true, 'git'), onProtectedBranch: fact(true, 'git') }
      : { protectedBranch: fact(false, 'git', `${event.sha.slice(0, 12)} is not the tip of ${ref}`) };
  }
  const tag = /^refs\/tags\/(.+)$/.exec(event.ref)?.[1];
  if (tag === undefined || !matchesAny(tag, trust.protectedTags)) {
    return { protectedTag: fact(false, 'operator') };
  }
  if ((await commitAt(directory, event.ref)) !== event.sha) {
    return { protectedTag: fact(false, 'git', 'the tag is for another commit') };
  }
  return {
    protectedTag: fact(true, 'operator'),
    onProtectedBranch: await onProtectedBranch(directory, event.sha, trust),
    signedTag: await signedTag(directory, event, trust),
  };
}

async function onProtectedBranch(
  directory: string,
  sha: string,
  trust: TrustedRepository,
): Promise<Fact<boolean>> {
  const prefix = protectedRef(trust, '');
  const listed = await git(directory, ['for-each-ref', '--format=%(refname)', `--contains=${sha}`, prefix]);
  const names = listed.ok ? listed.value.toString('utf8').split('\n').filter(Boolean) : [];
  const held = names.find(
    (name) => isPlainRef(name) && matchesAny(name.slice(prefix.length), trust.protectedBranches),
  );
  return held === undefined
    ? {
        value: false,
        source: 'git',
        forgeable: false,
        why: 'the tag is not on the history of a protected branch',
      }
    : { value: true, source: 'git', forgeable: false, why: `on ${held}` };
}

async function signedTag(
  directory: string,
  event: RunEvent,
  trust: TrustedRepository,
): Promise<Fact<boolean>> {
  const fact = (value: boolean, why: string): Fact<boolean> => ({
    value,
    source: 'signature',
    forgeable: false,
    why,
  });
  if (trust.allowedSigners === undefined)
    return fact(false, 'the operator\u2019s file names no allowed signers');
  const signers = await readOperatorFile(trust.allowedSigners, { notIn: directory });
  if (!signers.ok) return fact(false, signers.error.why);
  if (signers.value === undefined) return fact(false, `there is no file ${trust.allowedSigners}`);
  const checked = await verifyTag(directory, event.ref, event.sha, signers.value);
  return fact(checked.valid, checked.why);
}
