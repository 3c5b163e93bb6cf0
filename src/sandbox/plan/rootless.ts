import { existsSync, readFileSync } from 'node:fs';
import type { HostFacts } from './host-facts.ts';

/**
 * What `native/rootless` made for an ordinary user's control side: a user and a mount namespace in which it is root. Read from
 * the kernel and never from a variable, which anyone could set.
 */
export interface Rootless {
  /** The user's own id alone, or also a range that nobody else has (subuid(5)). */
  readonly ids: 'one' | 'range';
  /** A folder in memory that this mount namespace alone has. */
  readonly folder: string;
  /** Groups beyond the first that cannot be dropped: the kernel forbids it where there is one id. */
  readonly groups: number;
  /** Whether the machine's control groups are version 2 alone: of version 1 nothing is handed to a user. */
  readonly unified: boolean;
  /** The control group that was handed to the user; absent when there is none. */
  readonly cgroup?: string;
  /** A user may raise this and not lower it. */
  readonly oomScoreAdj: number;
}

/** The name that `native/rootless` gives its folder's file system. */
const PLACE = 'cofferdam-rootless';
/** The control group that `native/rootless` moves the control side to, so that its own group can have children. */
const CONTROL = '/cofferdam-control';

/** What the kernel says of a process: the texts of its files in /proc. */
export interface OwnFiles {
  readonly mountinfo: string;
  readonly uidMap: string;
  readonly cgroup: string;
  readonly groups: readonly number[];
  readonly gid: number;
  readonly oomScoreAdj: string;
  readonly unified: boolean;
}

/** Undefined for root of the machine, for an ordinary user outside, and for root of any other user namespace. */
export function rootlessOf(files: OwnFiles): Rootless | undefined {
  const rows = rowsOf(files.uidMap);
  const folder = placeIn(files.mountinfo);
  if (folder === undefined || rows.length === 0 || rows.some(({ outside }) => outside === 0))
    return undefined;
  const ids = rows.some(({ length }) => length > 1) ? 'range' : 'one';
  const own = /^0::(\/.*)$/m.exec(files.cgroup)?.[1];
  return {
    ids,
    folder,
    groups: ids === 'one' ? files.groups.filter((group) => group !== files.gid).length : 0,
    unified: files.unified,
    ...(files.unified && own?.endsWith(CONTROL) === true && { cgroup: own.slice(0, -CONTROL.length) }),
    oomScoreAdj: Number(files.oomScoreAdj.trim()) || 0,
  };
}

/** The control groups that an ordinary user can have, out of what was handed over. */
export function rootlessGroups({ cgroup, unified }: Rootless): RootlessGroups {
  if (cgroup !== undefined)
    return {
      cgroup: 'v2',
      cgroupParent: `${cgroup}/cofferdam`,
      controllersFix:
        'have systemd hand it on: systemctl edit user@.service as root, with Delegate=cpu memory pids in its section Service, and log in anew',
    };
  const why = unified
    ? 'your systemd has handed no control group to you'
    : 'nothing of control groups version 1 is handed to an ordinary user';
  return {
    cgroup: 'none',
    controllers: [],
    controllersLacking: { memory: why, cpu: why, pids: why },
    controllersFix: unified
      ? 'log in as this user, or have its systemd run always: sudo loginctl enable-linger'
      : 'run it with sudo',
  };
}

type RootlessGroups = Pick<HostFacts, 'cgroup' | 'controllersFix'> &
  Partial<Pick<HostFacts, 'cgroupParent' | 'controllers' | 'controllersLacking'>>;

export interface IdRow {
  readonly inside: number;
  readonly outside: number;
  readonly length: number;
}

/** A file `uid_map` or `gid_map` (user_namespaces(7)). */
export function rowsOf(map: string): readonly IdRow[] {
  return map
    .split('\n')
    .map((row) => /^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/.exec(row))
    .flatMap((row) => {
      const [, inside, outside, length] = row ?? [];
      return row === null
        ? []
        : [{ inside: Number(inside), outside: Number(outside), length: Number(length) }];
    });
}

/** Where a file system of our name is mounted; its path has no character that the table would escape. */
function placeIn(mountinfo: string): string | undefined {
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    if (after.startsWith(`tmpfs ${PLACE} `)) return before.split(' ')[4];
  }
  return undefined;
}

export function readRootless(): Rootless | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  return rootlessOf({
    mountinfo: read('/proc/self/mountinfo'),
    uidMap: read('/proc/self/uid_map'),
    cgroup: read('/proc/self/cgroup'),
    groups: process.getgroups?.() ?? [],
    gid: process.getegid?.() ?? 0,
    oomScoreAdj: read('/proc/self/oom_score_adj'),
    unified: existsSync('/sys/fs/cgroup/cgroup.controllers'),
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
