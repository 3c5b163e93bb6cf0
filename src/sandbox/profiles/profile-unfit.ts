import { accessSync, constants } from 'node:fs';
import { type Refusal, refusal } from '../../base/index.ts';
import type { RuntimeName } from '../../config/index.ts';
import type { SandboxRoot } from '../contract.ts';
import type { Profile } from './profile.ts';

/** Why a profile cannot be had with this runtime on this machine; undefined when it can be tried. */
export function profileUnfit(
  profile: Profile | undefined,
  runtime: RuntimeName,
  root: Pick<SandboxRoot, 'kind'>,
  exists: (path: string) => boolean = isProgram,
): Refusal | undefined {
  if (profile === undefined) return undefined;
  if (!profile.runtimes.includes(runtime)) {
    return refusal(
      'policy',
      'profile/runtime',
      `profile ${profile.name} was not proven with ${runtime}`,
      `run it without the profile, or by ${profile.runtimes.join(' or ')} where the zone accepts that`,
    );
  }
  // What an image holds is the image's matter.
  if (root.kind === 'image') return undefined;
  const missing = Object.entries(profile.programs).find(([path]) => !exists(path));
  return missing === undefined
    ? undefined
    : refusal(
        'machine',
        'profile/program',
        `profile ${profile.name} needs ${missing[0]}, which is not on this machine`,
        `apt-get install -y --no-install-recommends ${missing[1]}`,
      );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
