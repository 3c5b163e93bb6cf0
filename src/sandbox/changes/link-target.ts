import { isGitName } from './git-name.ts';

/**
 * Whether a link at `path` (from the folder) would lead out of the folder, judged without following anything: an absolute
 * target counts as inside only below the folder's own path, `..` may not pass the folder, and no name on the way may be a
 * link itself, since `..` behind a link is somewhere else. Targets into git's own data lead out too.
 */
export function leadsOut(
  path: Buffer,
  target: Buffer,
  folder: string,
  isLink: (path: Buffer) => boolean,
): boolean {
  const text = target.toString('latin1');
  const base = Buffer.from(folder).toString('latin1');
  let at: string[];
  let rest: string;
  if (text.startsWith('/')) {
    if (text !== base && !text.startsWith(`${base}/`)) return true;
    at = [];
    rest = text.slice(base.length + 1);
  } else {
    at = path.toString('latin1').split('/').slice(0, -1);
    rest = text;
  }
  const names = rest.split('/').filter((name) => name !== '' && name !== '.');
  for (const [index, name] of names.entries()) {
    if (name === '..') {
      if (at.length === 0) return true;
      at = at.slice(0, -1);
      continue;
    }
    at = [...at, name];
    if (isGitName(Buffer.from(name, 'latin1').toString('utf8'))) return true;
    const last = index === names.length - 1;
    if (!last && isLink(Buffer.from(at.join('/'), 'latin1'))) return true;
  }
  return false;
}
