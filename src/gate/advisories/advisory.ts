/** What of an advisory in OSV form (ossf.github.io/osv-schema) is looked at: actions that are affected, and how they are named. */
export interface Advisory {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly published: string;
  readonly modified: string;
  /** `low`, `medium` or `high`. */
  readonly severity: 'low' | 'medium' | 'high';
  /** Where it was published. */
  readonly source: string;
  readonly affected: readonly Affected[];
}

export interface Affected {
  /** `owner/name` or `owner/name/path`, in lower case. */
  readonly name: string;
  readonly ranges: readonly VersionRange[];
  readonly versions: readonly string[];
  /** Commits, whole. */
  readonly commits: readonly string[];
}

export interface VersionRange {
  /** `0` is the beginning. */
  readonly introduced: string;
  /** The first that is mended. */
  readonly fixed?: string;
  readonly lastAffected?: string;
}

/** What stands for an action\u2019s version: a tag, the comment behind a commit, or what a lock has. */
export type Version = readonly number[];

const FORM = /^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:\.\d{1,9})?(?:[-+][\w.-]{1,50})?$/;

/** The parts of a version; one that leaves parts out (`v4`) moves, and stands for the newest that begins so. */
export function versionOf(text: string): Version | undefined {
  const [, major, minor, patch] = FORM.exec(text) ?? [];
  if (major === undefined) return undefined;
  const part = (found: string | undefined): number =>
    found === undefined ? Number.POSITIVE_INFINITY : Number(found);
  return [Number(major), part(minor), part(patch)];
}

function compare(a: Version, b: Version): number {
  for (let at = 0; at < 3; at += 1) {
    const [left = 0, right = 0] = [a[at], b[at]];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/** A bound of an advisory: what it leaves out is zero. */
function boundOf(text: string): Version | undefined {
  return versionOf(text)?.map((part) => (Number.isFinite(part) ? part : 0));
}

/** Whether an action of this version, or at this commit, is affected. A bound that cannot be read affects nothing. */
export function isAffected(
  affected: Affected,
  { version, commit }: { readonly version?: string | undefined; readonly commit?: string | undefined },
): boolean {
  if (commit !== undefined && affected.commits.includes(commit)) return true;
  const found = version === undefined ? undefined : versionOf(version);
  if (version === undefined || found === undefined) return false;
  if (affected.versions.some((one) => one.replace(/^v/, '') === version.replace(/^v/, ''))) return true;
  return affected.ranges.some(({ introduced, fixed, lastAffected }) => {
    const from = boundOf(introduced);
    if (from === undefined || compare(found, from) < 0) return false;
    const to = fixed === undefined ? undefined : boundOf(fixed);
    if (fixed !== undefined) return to !== undefined && compare(found, to) < 0;
    const last = lastAffected === undefined ? undefined : boundOf(lastAffected);
    if (lastAffected !== undefined) return last !== undefined && compare(found, last) <= 0;
    return true;
  });
}
