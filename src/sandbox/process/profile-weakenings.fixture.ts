import type { ProfileName } from '../../zone/index.ts';
import { type Profile, profileOf } from '../profiles/index.ts';
import { NESTED_CHECKS } from './profile-checks.ts';
import { type Weakening, list } from './weakening.fixture.ts';
import { WEAKENINGS } from './weakenings.fixture.ts';

/** A profile whose walls are taken away, one at a time. */
export type Profiled = Exclude<ProfileName, 'privileged'>;

/** Walls that only a sandbox with a profile has: what bounds its namespaces, its further ids and its capabilities. */
const OF_PROFILES: ReadonlyMap<string, Weakening> = new Map<string, Weakening>([
  [
    'namespaces of every kind let through',
    {
      weaken: ({ linux }) => {
        linux.seccomp.syscalls = linux.seccomp.syscalls.filter(
          ({ names }) => !names.includes('unshare') && !names.includes('clone'),
        );
        linux.seccomp.syscalls.push({ names: ['unshare', 'clone'], action: 'SCMP_ACT_ALLOW' });
      },
      names: list('nested-new-groups nested-new-clocks'),
      perhaps: list('nested-new-mounts nested-new-name nested-new-objects nested-new-network'),
    },
  ],
  [
    'a capability more',
    {
      weaken: ({ process: { capabilities } }) => {
        for (const set of ['bounding', 'effective', 'inheritable', 'permitted', 'ambient'] as const)
          capabilities[set] = [...capabilities[set], 'CAP_NET_RAW'];
      },
      names: ['no-capabilities'],
      perhaps: list('raw-socket packet-socket'),
    },
  ],
  [
    'capabilities in some sets only',
    {
      weaken: ({ process: { capabilities } }) =>
        void (capabilities.bounding = [...capabilities.bounding, 'CAP_SYS_CHROOT']),
      names: ['no-capabilities'],
    },
  ],
]);

/** With namespaces of its own, what these would let a job make besides is what names them. */
const NAMED_BY_KINDS: Readonly<Record<string, readonly string[]>> = {
  'the system call unshare let through': list('nested-new-groups nested-new-clocks'),
  'the system call clone let through': ['nested-new-groups'],
};
/** A runtime can drop no capability from a set below one that it must keep. */
const NOT_STARTED = 'capabilities kept in the bounding set';
const LET_THROUGH = 'a system-call filter that allows by default';
/** Without rules for files Landlock is given none. */
const OF_FILES = 'the job not confined by Landlock: landlock_add_rule refused';

/** Every wall that can be taken away under a profile, with what names it there; no name: it is the profile's price. */
export function weakeningsOf(name: Profiled): ReadonlyMap<string, Weakening> {
  const profile = known(name);
  const own = [...OF_PROFILES].filter(([, { names }]) => profile.namespaces !== 0 || !names?.some(isNested));
  return new Map([...WEAKENINGS, ...own].map(([what, wall]) => [what, under(profile, what, wall)]));
}

function under(profile: Profile, what: string, wall: Weakening): Weakening {
  const { names = [], perhaps = [] } = wall;
  const { lifted, absent, namespaces, capabilities, confinement, calls } = profile;
  // What is answered with ENOSYS by name stays closed when the rest is let through.
  const answered = what === LET_THROUGH ? absent.map((call) => call.replaceAll('_', '-')) : [];
  const closed = [...lifted, ...answered];
  const left = names.filter((id) => id === 'no-capabilities' || !closed.includes(id));
  const kinds = namespaces === 0 ? [] : (NAMED_BY_KINDS[what] ?? []);
  const needless = what === OF_FILES && confinement === 'signals-and-sockets';
  // Root of an inner namespace may get further without the wall, or not get to be it.
  const besides = [...names, ...perhaps, ...lifted, ...NESTED_CHECKS];
  return {
    ...wall,
    names: needless ? [] : [...left, ...kinds],
    perhaps: [...besides, ...(calls.includes('chroot') ? ['change-root'] : [])],
    ...(what === NOT_STARTED && capabilities.length > 0 && { rule: 'sandbox/runtime-failed' }),
  };
}

function isNested(id: string): boolean {
  return (NESTED_CHECKS as readonly string[]).includes(id);
}

function known(name: Profiled): Profile {
  const profile = profileOf(name);
  if (profile === undefined) throw new Error(`there is no profile ${name}`);
  return profile;
}

export function weakeningNamed(weakening: string): Weakening | undefined {
  return WEAKENINGS.get(weakening) ?? OF_PROFILES.get(weakening);
}
