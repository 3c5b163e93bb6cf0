import { join } from 'node:path';
import type { ProfileName } from '../../config/index.ts';
import { profile as browser } from './browser/profile.ts';
import { profile as debugging } from './debugger/profile.ts';
import { profile as nestedBuild } from './nested-build/profile.ts';
import { type Profile, PROFILE_PROGRAMS } from './profile.ts';
import { profile as privileged } from './privileged/profile.ts';

export { profileUnfit } from './profile-unfit.ts';
export { FURTHER_IDS, FURTHER_IDS_COUNT, namespaceRules, type Profile, PROFILE_PROGRAMS } from './profile.ts';

const ALL: Readonly<Record<ProfileName, Profile>> = {
  debugger: debugging,
  browser,
  'nested-build': nestedBuild,
  privileged,
};

/** What a name stands for; undefined for the ordinary sandbox. */
export function profileOf(name: ProfileName | undefined): Profile | undefined {
  return name === undefined ? undefined : ALL[name];
}

/** Where a profile's own programs lie: beside the sources, and beside the bundle. */
export function ownPrograms(name: ProfileName): string {
  const here = import.meta.dirname;
  return join(here, here.endsWith('profiles') ? '' : 'profiles', name, 'programs');
}

/** The search path of a job with a profile: its own programs come first. */
export function profilePath(name: ProfileName | undefined, path: string): string {
  return profileOf(name)?.ownPrograms !== undefined ? `${PROFILE_PROGRAMS}:${path}` : path;
}
