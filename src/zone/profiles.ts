import { err, ok, type Place, type Refusal, refusal, type Result } from '../base/index.ts';
import { PROFILE_ZONES, PROFILES, type ProfileName, type ZoneSettings } from '../config/index.ts';
import type { Controls } from './controls.ts';

type Isolation = Controls['isolation'];
type Asked = ZoneSettings['isolation'];

/** What the operator's file says of profiles; the profiles that it gives to jobs are among those that it names. */
export function namedProfiles(settings: Asked): Pick<Isolation, 'profiles' | 'jobs' | 'profile'> {
  const { profiles, jobs, profile } = settings ?? {};
  if (profiles === undefined && jobs === undefined && profile === undefined) return {};
  const given = [...Object.values(jobs ?? {}), ...(profile === undefined ? [] : [profile])];
  return {
    profiles: [...new Set([...(profiles ?? []), ...given])],
    ...(jobs !== undefined && { jobs }),
    ...(profile !== undefined && { profile }),
  };
}

/** What a repository's own file may ask for: of the profiles that the operator's names, and of those it may name fewer. */
export function narrowedProfiles(
  base: Isolation,
  asked: Asked,
  no: (key: string, what: unknown) => void,
): Pick<Isolation, 'profiles' | 'jobs' | 'profile'> {
  const named = base.profiles ?? [];
  const may = (key: string, profile: ProfileName): boolean => {
    if (named.includes(profile)) return true;
    no(key, profile);
    return false;
  };
  const listed = asked?.profiles?.filter((profile) => may('isolation.profiles', profile));
  const jobs = Object.entries(asked?.jobs ?? {}).filter(([job, profile]) =>
    may(`isolation.jobs.${job}`, profile),
  );
  const profile = asked?.profile;
  return {
    ...(base.profiles !== undefined && listed !== undefined && { profiles: listed }),
    ...(jobs.length > 0 && { jobs: { ...base.jobs, ...Object.fromEntries(jobs) } }),
    ...(profile !== undefined && may('isolation.profile', profile) && { profile }),
  };
}

/** What zone untrusted never has, whatever path led to it. */
export function neverPrivileged({ profiles, jobs, profile, ...rest }: Isolation): Isolation {
  const may = (name: ProfileName): boolean => name !== 'privileged';
  return {
    ...rest,
    ...(profiles !== undefined && { profiles: profiles.filter(may) }),
    ...(jobs !== undefined && {
      jobs: Object.fromEntries(Object.entries(jobs).filter(([, name]) => may(name))),
    }),
    ...(profile !== undefined && may(profile) && { profile }),
  };
}

/**
 * Settles the profile of one job: the one that was asked for on the command line, the job's, or the zone's. On the command
 * line any may be asked for that the operator's file names for the zone; where it says nothing, those of `PROFILE_ZONES`.
 */
export function withProfile(
  controls: Controls,
  job: string | undefined,
  asked: ProfileName | undefined,
  at?: Place,
): Result<Controls, Refusal> {
  const { profiles, jobs = {}, profile } = controls.isolation;
  const ofJob = job !== undefined && Object.hasOwn(jobs, job) ? jobs[job] : undefined;
  const settled = asked ?? ofJob ?? profile;
  if (settled === undefined) return ok(controls);
  const named = (asked ?? profiles) !== undefined && askableProfiles(controls).includes(settled);
  if (!named) return err(notNamed(controls, settled, at));
  return ok({ ...controls, isolation: { ...controls.isolation, profile: settled } });
}

/** The profiles that jobs of a zone can be given by whoever starts them. */
export function askableProfiles({ zone, isolation }: Controls): readonly ProfileName[] {
  return isolation.profiles ?? PROFILES.filter((name) => PROFILE_ZONES[name].includes(zone));
}

function notNamed({ zone, isolation }: Controls, profile: ProfileName, at: Place | undefined): Refusal {
  const names = [...(isolation.profiles ?? []), profile].join(', ');
  return refusal(
    'policy',
    'profile/not-named',
    `profile ${profile} makes a wall weaker, and your configuration does not name it for zone ${zone}`,
    `if zone ${zone} is to have it, write in your cofferdam.yaml: zones.${zone}.isolation.profiles: [${names}]; its price is in docs/profiles.md`,
    at,
  );
}
