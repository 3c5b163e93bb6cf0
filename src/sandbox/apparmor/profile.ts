import type { Profile } from '../profiles/index.ts';

/** The names of a sandbox's two profiles, in the kernel's list as long as the sandbox lives. */
export interface AppArmorNames {
  /** Of process 1, which the runtime enters it into. */
  readonly init: string;
  /** Stacked upon that one for the thread of process 1 whose children the job's processes are. */
  readonly job: string;
}

/** What the kernel shows of a job's processes: both profiles, each of which must allow. */
export function stacked({ init, job }: AppArmorNames): string {
  return `${init}//&${job}`;
}

export function appArmorNames(containerId: string): AppArmorNames {
  return { init: `cofferdam-${containerId}`, job: `cofferdam-${containerId}-job` };
}

/**
 * The two profiles of a sandbox, in apparmor.d(5)'s language, with the reasons in `profile.md`. Pure. `writable` are the places that
 * the job may write, as it sees them; undefined when one of them cannot be said in that language.
 */
export function appArmorProfiles(
  names: AppArmorNames,
  writable: readonly string[],
  profile?: Profile,
): string | undefined {
  const places = writable.map(quoted);
  if (!places.every((place) => place !== undefined)) return undefined;
  const both = stacked(names);
  return `profile ${names.init} flags=(attach_disconnected,mediate_deleted) {
  file,
  network,
  signal,
  ptrace (readby, tracedby),
  ptrace (read, trace) peer=${both},
${probed(profile, names)}${opened(profile)}  change_profile -> &${names.job},
}

profile ${names.job} flags=(attach_disconnected,mediate_deleted) {
${files(places, profile)}  network,
  signal (receive),
  signal (send) peer=${both},
  ptrace (readby, tracedby),
  ptrace (read, trace) peer=${both},
${opened(profile)}}
`;
}

function files(places: readonly string[], profile: Profile | undefined): string {
  // Who mounts and changes its root names files as it likes: they are left to its mounts, as Landlock leaves them.
  if (profile?.confinement === 'signals-and-sockets') return '  file,\n';
  const own = profile?.confinement === 'own-processes-open' ? '  /proc/** w,\n' : '';
  const written = places.map((place) => `  ${below(place, '{,/}')} w,\n  ${below(place, '/**')} wl,\n`);
  return `  / r,
  /** mrixk,
${written.join('')}${own}  /dev/{null,zero,full,random,urandom,tty,ptmx} w,
  /dev/pts/* w,
`;
}

/** What the probe tries in process 1's own name, where tracing must be open. The job's profile still keeps the job from it. */
function probed(profile: Profile | undefined, { init }: AppArmorNames): string {
  return profile?.lifted.includes('trace') === true ? `  ptrace (read, trace) peer=${init},\n` : '';
}

/** Of process 1 too, as both must allow. What is used so is the rights of a user namespace's root over its own. */
function opened(profile: Profile | undefined): string {
  if (profile === undefined || profile.namespaces === 0) return '';
  return profile.calls.includes('mount')
    ? '  capability,\n  mount,\n  umount,\n  pivot_root,\n'
    : '  capability,\n';
}

function below(place: string, rest: string): string {
  return place === '"/"' ? `"${rest}"` : `${place.slice(0, -1)}${rest}"`;
}

/** Letters, digits and what has no meaning stay; the rest is taken literally. What cannot be printed is not said at all. */
function quoted(path: string): string | undefined {
  if (!path.startsWith('/') || /[\p{Cc}\p{Cs}\uFFFD"\\]/u.test(path)) return undefined;
  return `"${path.replace(/[*?[\]{}^,@$()!|+]/g, String.raw`\$&`)}"`;
}
