import { readFileSync } from 'node:fs';
import type { ProbeCheck, RootlessReceipt } from '../contract.ts';
import { type Rootless, rowsOf } from '../plan/rootless.ts';
import type { IdMapping, RuntimeConfig } from './runtime-spec.ts';

/** What is seen of a sandbox's users from the namespace of an ordinary user's control side. */
export interface SeenUsers {
  /** `/proc/PID/uid_map` and `gid_map` of process 1, in the control side's ids. */
  readonly uidMap: string;
  readonly gidMap: string;
  /** The control side's own map, in the ids outside of it. */
  readonly ownMap: string;
}

export function seenUsers(initPid: number): SeenUsers {
  return {
    uidMap: read(`/proc/${initPid}/uid_map`),
    gidMap: read(`/proc/${initPid}/gid_map`),
    ownMap: read('/proc/self/uid_map'),
  };
}

/**
 * The probe's checks on users, as they are meant for an ordinary user's sandbox. From inside, root of the control side's
 * namespace looks like root of the machine: so it is held from outside that only the planned ids are mapped, and that
 * none of them leads to root of the machine. And groups that cannot be dropped are no failure, if they are no more than ours.
 */
export function rootlessChecks(
  checks: readonly ProbeCheck[],
  rootless: Rootless,
  planned: readonly IdMapping[],
  seen: SeenUsers,
): readonly ProbeCheck[] {
  return checks.map((check) => {
    if (check.id === 'host-root-not-mapped') return { ...check, ...mapped(planned, seen) };
    if (check.id === 'ordinary-user' && !check.held)
      return { ...check, held: groupsAreOurs(check.seen, rootless) };
    return check;
  });
}

/** The ids of the job and of whoever it may become, as the kernel maps them: the planned ones and none besides. */
export function usersCheck(
  planned: Pick<RuntimeConfig['linux'], 'uidMappings' | 'gidMappings'>,
  seen: SeenUsers,
): ProbeCheck {
  const held = isExactly(planned.uidMappings, seen.uidMap) && isExactly(planned.gidMappings, seen.gidMap);
  const rows = rowsOf(seen.uidMap).length;
  return {
    id: 'users-as-planned',
    kind: 'state',
    held,
    seen: `${rows} rows ${held ? 'as planned' : 'unlike the planned'}`,
  };
}

function isExactly(planned: readonly IdMapping[] | undefined, map: string): boolean {
  return planned !== undefined && text(rowsOf(map)) === text(planned.map(rowOf));
}

/** What a sandbox that an ordinary user started is without. */
export function rootlessReceipt(rootless: Rootless, jobUid: number): RootlessReceipt {
  return {
    jobUser: jobUid === 0 ? 'yours' : 'its own',
    groupsKept: rootless.groups,
    controlGroup: rootless.cgroup !== undefined,
  };
}

function mapped(planned: readonly IdMapping[], seen: SeenUsers): Pick<ProbeCheck, 'held' | 'seen'> {
  const exact = [seen.uidMap, seen.gidMap].every((map) => isExactly(planned, map));
  const own = rowsOf(seen.ownMap);
  const hostRoot = own.filter(({ outside }) => outside === 0).length;
  return {
    held: exact && own.length > 0 && hostRoot === 0,
    seen: `${rowsOf(seen.uidMap).length} rows ${exact ? 'as planned' : 'unlike the planned'}, ${hostRoot} with host root`,
  };
}

function rowOf({ containerID, hostID, size }: IdMapping) {
  return { inside: containerID, outside: hostID, length: size };
}

function text(rows: ReturnType<typeof rowsOf>): string {
  return rows
    .map(({ inside, outside, length }) => `${inside} ${outside} ${length}`)
    .toSorted()
    .join('\n');
}

function groupsAreOurs(seen: string, { ids, groups }: Rootless): boolean {
  const [, uid, gid, others] = /^uid (\d+) gid (\d+), (\d+) other groups$/.exec(seen) ?? [];
  return ids === 'one' && Number(uid ?? 0) > 0 && Number(gid ?? 0) > 0 && Number(others) <= groups;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
