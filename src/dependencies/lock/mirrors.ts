import { isAbsolute, join, resolve } from 'node:path';
import { statSync } from 'node:fs';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';

/** Where a repository is read from: a folder of this machine, or a server. */
export type Origin =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'server'; readonly url: string };

/** Where repositories are looked for, the first that fits: by their own name, then by a base for all. */
export interface Mirrors {
  /** By `owner/name` in lower case. */
  readonly named: ReadonlyMap<string, string>;
  /** Folders and addresses below which `owner/name` or `owner/name.git` lies. */
  readonly bases: readonly string[];
  /** Whether a repository that no mirror has is asked of its own server. */
  readonly offline: boolean;
}

const NAME = /^[A-Za-z0-9][\w.-]{0,99}\/[\w.-]{1,100}$/;

/** Reads `--mirror`: `owner/name=PLACE` for one repository, or a base for all. A relative folder is below `directory`. */
export function readMirrors(
  given: readonly string[],
  configured: Readonly<Record<string, string>>,
  directory: string,
  offline: boolean,
): Result<Mirrors, Refusal> {
  const named = new Map<string, string>();
  const bases: string[] = [];
  const entries = [
    ...given.map((text) => {
      const equals = text.indexOf('=');
      const name = equals === -1 ? '' : text.slice(0, equals);
      return NAME.test(name) ? ([name, text.slice(equals + 1)] as const) : (['*', text] as const);
    }),
    ...Object.entries(configured),
  ];
  for (const [name, place] of entries) {
    const found = placeOf(place, directory);
    if (!found.ok) return found;
    if (name === '*') bases.push(found.value);
    else if (!named.has(name.toLowerCase())) named.set(name.toLowerCase(), found.value);
  }
  return ok({ named, bases, offline });
}

/** An https address without credentials, or a folder. */
function placeOf(text: string, directory: string): Result<string, Refusal> {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    // `ext::program`, `host:path`: git would take them for more than a folder.
    if (text === '' || text.startsWith('-') || text.includes('::') || text.includes('\0')) return bad(text);
    return ok(isAbsolute(text) ? text : resolve(directory, text));
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '' || url.search !== '')
    return bad(text);
  return ok(text.replace(/\/+$/, ''));
}

function bad(text: string): Result<never, Refusal> {
  return err(
    refusal(
      'usage',
      'lock/mirror',
      `${JSON.stringify(text.slice(0, 200))} is no mirror: a folder, or an https:// address without a password`,
      'write --mirror FOLDER, --mirror https://git.test/mirrors or --mirror owner/name=FOLDER',
    ),
  );
}

/** Where a repository is read from; undefined when it may be asked of nobody. Its name was checked. */
export function originOf(repository: string, { named, bases, offline }: Mirrors): Origin | undefined {
  const own = named.get(repository);
  if (own !== undefined) {
    if (own.startsWith('https://')) return offline ? undefined : { kind: 'server', url: own };
    return { kind: 'folder', folder: own };
  }
  for (const base of bases) {
    if (base.startsWith('https://')) {
      if (!offline) return { kind: 'server', url: `${base}/${repository}.git` };
      continue;
    }
    for (const folder of [join(base, repository), join(base, `${repository}.git`)])
      if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true)
        return { kind: 'folder', folder };
  }
  return offline ? undefined : { kind: 'server', url: `https://github.com/${repository}.git` };
}
