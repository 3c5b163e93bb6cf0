import type { ProfileName, RuntimeName } from '../../config/index.ts';
import type { LinuxSyscall } from '../oci/runtime-spec.ts';

/** A need that the ordinary sandbox does not serve, the walls that serving it costs, and what must hold all the same. */
export interface Profile {
  readonly name: ProfileName;
  /** What a job can do with it, in a few words. */
  readonly need: string;
  /** Which wall is weaker. */
  readonly price: string;
  /** Why what is left holds. */
  readonly holds: string;
  /** Runtimes by which it was proven; another one refuses. */
  readonly runtimes: readonly RuntimeName[];
  /** Programs of this machine that it is of no use without: the path, and the Debian package that brings it. */
  readonly programs: Readonly<Record<string, string>>;
  /** Calls that become free, with any arguments. */
  readonly calls: readonly string[];
  /** Calls that its programs try and do without: answered with ENOSYS, and not told. */
  readonly absent: readonly string[];
  /** Calls that become free with these arguments. */
  readonly rules: readonly LinuxSyscall[];
  /** Flags of clone(2) and unshare(2) for the namespaces that a job may make; 0: none. */
  readonly namespaces: number;
  /** Held by every process of the job, over its own ids and nothing else. */
  readonly capabilities: readonly string[];
  /** Whether 65,536 further ids are the job's, from `FURTHER_IDS` on. */
  readonly furtherIds: boolean;
  /** What Landlock holds: writing, signals and sockets; existing files of /proc may be written besides; or no files. */
  readonly confinement: 'all' | 'own-processes-open' | 'signals-and-sockets';
  /** Small files that its programs read, in the job's root. */
  readonly files: readonly { readonly path: string; readonly content: string }[];
  /** The profile whose folder of programs of ours is shown at `PROFILE_PROGRAMS`. */
  readonly ownPrograms?: ProfileName;
  /** A further place for what it stores, as large as the workspace may be. */
  readonly storage?: string;
  /** The probe's attacks that are no attacks here: each must now succeed, or the profile would not serve its need. */
  readonly lifted: readonly string[];
}

/** Where a job finds a profile's own programs, before all others. */
export const PROFILE_PROGRAMS = '/opt/cofferdam/profile/bin';

/** The first of the further ids, as `/etc/subuid` has it on most distributions. */
export const FURTHER_IDS = 100_000;
export const FURTHER_IDS_COUNT = 65_536;

/** Every kind of namespace; that of clocks is no flag of clone(2), whose low byte is a signal. */
const KINDS = 0x7e02_0080;

/** Lets clone(2) and unshare(2) make these namespaces and no others. */
export function namespaceRules(flags: number): readonly LinuxSyscall[] {
  if (flags === 0) return [];
  const args = [{ index: 0, value: KINDS - flags, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }] as const;
  return [{ names: ['unshare'], action: 'SCMP_ACT_ALLOW', args }];
}
