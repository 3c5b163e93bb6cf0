import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where a machine's control groups v2 are, and what it says of us in them; files and answers are arguments for the tests. */
export interface SecondHierarchy {
  /** Its mount point. */
  readonly root: string;
  /** The group that we are in, below its root, as in `/proc/self/cgroup`. */
  readonly own: string;
  /** Whether systemd has given the subtree of a service to the service. */
  readonly delegated: (unit: string) => boolean;
}

/** Our groups: one folder for each sandbox is made in it. */
const OURS = 'cofferdam';
/** Where processes go that are in the way: a group that has processes itself hands no controller on (cgroups(7)). */
export const ASIDE = 'cofferdam-outside';
const ASK_MS = 5_000;

/**
 * The path, below the hierarchy's root, in which the groups of sandboxes are made: in the subtree of our own service when
 * systemd delegates it (`Delegate=yes`), so that the service's limits hold for its jobs too; else a group of our own beside
 * the machine's others (docs/adr/0015-control-groups.md).
 */
export function groupParent({ root, own, delegated }: SecondHierarchy): string {
  const service = serviceOf(own);
  if (service === undefined || !existsSync(join(root, service.path)) || !delegated(service.unit))
    return `/${OURS}`;
  return `${service.path}/${OURS}`;
}

/** The service whose subtree a group is in: `/system.slice/ci.service`. Nothing of a user's own manager. */
function serviceOf(group: string): { readonly path: string; readonly unit: string } | undefined {
  const parts = group.split('/');
  const at = parts.findIndex((part) => /^[\w@:.\\-]{1,200}\.service$/.test(part));
  const unit = parts[at];
  if (at < 0 || unit === undefined || unit.startsWith('user@') || parts.includes('..')) return undefined;
  return { path: parts.slice(0, at + 1).join('/'), unit };
}

/** Our own group of the second hierarchy; `/` when that cannot be read. */
export function ownGroup(text: string | undefined): string {
  const line = text?.split('\n').find((row) => row.startsWith('0::/'));
  return line?.slice(3) ?? '/';
}

export function thisMachine(root: string): SecondHierarchy {
  return {
    root,
    own: ownGroup(read('/proc/self/cgroup')),
    delegated: (unit) => existsSync('/run/systemd/system') && delegates(unit),
  };
}

function delegates(unit: string): boolean {
  try {
    const said = execFileSync('systemctl', ['show', '--property=Delegate', '--value', '--', unit], {
      timeout: ASK_MS,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: '/usr/bin:/bin' },
    });
    return said.trim() === 'yes';
  } catch {
    return false;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
