import { lstatSync, readlinkSync, statSync } from 'node:fs';
import type { ProbeCheck } from '../contract.ts';
import type { RuntimeConfig } from './runtime-spec.ts';

/** As the kernel's own bound (path_resolution(7)). */
const MOST_LINKS = 40;

/**
 * Where a path lies once the links of a root file system are followed without leaving it: a runtime mounts there. A
 * chain of more links than the kernel follows is given back as far as it went.
 */
export function resolveInside(
  root: string,
  path: string,
  linkAt: (path: string) => string | undefined = readLink,
): string {
  let names = path.split('/');
  let at = '/';
  for (let links = 0; names.length > 0; ) {
    const [name = '', ...rest] = names;
    names = rest;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at = at.slice(0, Math.max(1, at.lastIndexOf('/')));
      continue;
    }
    const next = at === '/' ? `/${name}` : `${at}/${name}`;
    const target = links >= MOST_LINKS ? undefined : linkAt(`${root}${next}`);
    if (target === undefined) {
      at = next;
      continue;
    }
    links += 1;
    if (target.startsWith('/')) at = '/';
    names = [...target.split('/'), ...names];
  }
  return at;
}

/** The same for one root file system, each path once: what it has for links does not change while it is looked at. */
export function insideOf(root: string): (path: string) => string {
  const known = new Map<string, string>();
  return (path) => {
    const found = known.get(path) ?? resolveInside(root, path);
    known.set(path, found);
    return found;
  };
}

/** Looks from outside whether each bound path inside is the very file or folder that was to be bound. */
export function boundCheck(
  initPid: number,
  config: RuntimeConfig,
  inside: (destination: string) => string,
): ProbeCheck {
  const bound = config.mounts.filter(({ type }) => type === 'bind');
  const other = bound.find(({ source, destination }) => {
    const planned = identity(source);
    return planned === undefined || planned !== identity(`/proc/${initPid}/root${inside(destination)}`);
  });
  return {
    id: 'mounts-from-planned-places',
    kind: 'state',
    held: other === undefined,
    seen: other === undefined ? `${bound.length} bound` : `another file at ${other.destination}`,
  };
}

function identity(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/** Undefined where no link is. */
export function readLink(path: string): string | undefined {
  try {
    // Asked first, as an exception for each folder that is no link takes longer than all the rest.
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
      ? readlinkSync(path)
      : undefined;
  } catch {
    return undefined;
  }
}
