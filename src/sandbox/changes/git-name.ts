/** Characters that a case-folding or normalising file system drops (git's CVE-2014-9390: `.g\u200cit`). */
const IGNORED = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;

/**
 * The name that some file system would take a name for: in lower case, without the characters that HFS+ ignores, without
 * what NTFS drops at the end or takes for a stream of the same file (git's CVE-2019-1352).
 */
export function plainName(name: string): string {
  return name
    .normalize('NFKC')
    .replaceAll(IGNORED, '')
    .toLowerCase()
    .replace(/:.*$/s, '')
    .replace(/[. ]+$/, '');
}

/** Whether a name is git's own folder, or would be on some file system: `.git`, `.GIT`, `.g\u200cit`, `git~1`, `.git.`. */
export function isGitName(name: string): boolean {
  return /^(?:\.git|git~\d+)$/.test(plainName(name));
}
