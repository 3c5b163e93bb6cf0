import type { SandboxRequest } from '../contract.ts';
import type { HostFacts } from './host-facts.ts';

/** The host's ids behind a sandbox's own; in a user namespace, that namespace's. */
export interface HostIds {
  /** Behind root inside. Absent: the sandbox has no root at all. */
  readonly root?: number;
  /** Behind the job's user. */
  readonly user: number;
  /** The first of 65,536 further ones for a profile that maps some; an ordinary user has none. */
  readonly further?: number;
}

const FIRST_SLOT = 0x4000_0000;
const SLOT_SIZE = 0x1_0000;
/** Behind the last of the first. */
const FURTHER_SLOT = 0x6000_0000;
/** Inside, the job's user; outside, as far from the slot's root. */
const USER = 1_001;

/**
 * Ids that nobody has, one for root and one for the job; `slot` is 0 to 8191. For an ordinary user: out of the user's range, but
 * the user's own for a job that works on a copy of the user's own files, since only root of the machine can show these as
 * another's. With a single id there is no other choice, and no root inside.
 */
export function hostIds(
  host: Pick<HostFacts, 'rootless'>,
  slot: number,
  workspace: SandboxRequest['workspace'],
): HostIds {
  if (host.rootless === undefined) {
    const first = FIRST_SLOT + slot * SLOT_SIZE;
    return { root: first, user: first + USER, further: FURTHER_SLOT + slot * SLOT_SIZE };
  }
  if (host.rootless.ids === 'one') return { user: 0 };
  const root = 1 + 2 * slot;
  return { root, user: worksOnUsersFiles(workspace) ? 0 : root + 1 };
}

/** Whether the copy is of a folder that was not made for this job. */
export function worksOnUsersFiles({ source, owned }: SandboxRequest['workspace']): boolean {
  return source !== undefined && owned !== true;
}

/** Whether ids are such as a sandbox may have: none of root of the machine, none of somebody. */
export function mayHave(host: Pick<HostFacts, 'rootless'>, { root, user, further }: HostIds): boolean {
  if (root === user) return false;
  if (host.rootless === undefined)
    return root !== undefined && [root, user, further ?? root].every((id) => id >= 65_536);
  return (root === undefined || root > 0) && further === undefined;
}
