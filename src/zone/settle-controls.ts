import {
  type AllowEntry,
  compareTiers,
  compareZones,
  coversRule,
  LIMIT_KEYS,
  type LimitKey,
  type LimitName,
  type Limits,
  type LoadedConfiguration,
  type Origin,
  ruleText,
  type ZoneId,
  type ZoneSettings,
} from '../config/index.ts';
import type { Controls } from './controls.ts';
import { narrowedProfiles, namedProfiles, neverPrivileged } from './profiles.ts';
import { defaultControls, type MachineSize } from './defaults.ts';

export interface SettledControls {
  readonly controls: Controls;
  /** What a file asked for and was not given, for the record: `cofferdam.yaml (head): egress.allow evil.test`. */
  readonly refusedWidening: readonly string[];
}

/**
 * What a zone grants: its defaults, changed by the operator's file, then by the protected branch's within what the
 * operator left open, then narrowed by the head's. Order of `files` does not matter. Untrusted jobs never get a secret,
 * a writing token or a publication, whatever a file says.
 */
export function settleControls(
  zone: ZoneId,
  machine: MachineSize,
  files: readonly LoadedConfiguration[],
): SettledControls {
  const refused: string[] = [];
  const settings = (origin: Origin): ZoneSettings | undefined =>
    files.find((file) => file.origin === origin)?.configuration.zones?.[zone];
  const operator = settings('operator');
  let controls = set(defaultControls(zone, machine), operator ?? {});
  const branch = settings('protected-branch');
  if (branch !== undefined) controls = within(controls, branch, operator ?? {}, refused);
  const head = settings('head');
  if (head !== undefined) controls = narrow(controls, head, 'head', refused);
  return { controls: floor(controls), refusedWidening: refused };
}

function limitsOf(settings: ZoneSettings): Partial<Limits> {
  const found: Partial<Record<LimitName, number>> = {};
  for (const [key, value] of Object.entries(settings.limits ?? {})) {
    if (value !== undefined) found[LIMIT_KEYS[key as LimitKey]] = value;
  }
  return found;
}

/** The operator's word: each key that is there takes the default's place. */
function set(base: Controls, settings: ZoneSettings): Controls {
  return {
    ...base,
    isolation: {
      ...base.isolation,
      floor: settings.isolation?.floor ?? base.isolation.floor,
      ...(settings.isolation?.runtime !== undefined && { runtime: settings.isolation.runtime }),
      ...(settings.isolation?.microvm?.acceleration !== undefined && {
        acceleration: settings.isolation.microvm.acceleration,
      }),
      ...(settings.isolation?.acceptKnown !== undefined && { acceptKnown: settings.isolation.acceptKnown }),
      ...namedProfiles(settings.isolation),
    },
    secondWalls: settings.isolation?.secondWalls ?? base.secondWalls,
    egress: {
      allow: settings.egress?.allow ?? base.egress.allow,
      allowRanges: settings.egress?.allowRanges ?? base.egress.allowRanges,
      ...((settings.egress?.observe ?? base.egress.observe) === true && { observe: true }),
    },
    secrets: { allow: settings.secrets?.allow ?? base.secrets.allow },
    tokenPermissions: { ...(settings.permissions ?? base.tokenPermissions) },
    publication: {
      artifacts: settings.publication?.artifacts ?? base.publication.artifacts,
      packages: settings.publication?.packages ?? base.publication.packages,
      deploy: settings.publication?.deploy ?? base.publication.deploy,
    },
    caches: {
      read: settings.caches?.read ?? base.caches.read,
      write: settings.caches?.write ?? base.caches.write,
    },
    limits: { ...base.limits, ...limitsOf(settings) },
    unenforcedLimitsAccepted:
      settings.acceptUnenforced?.map((key) => LIMIT_KEYS[key]) ?? base.unenforcedLimitsAccepted,
    approvals: { required: settings.approvals?.required ?? base.approvals.required },
  };
}

/**
 * A protected branch may set what jobs reach, hold and publish where the operator's file is silent. It can only narrow
 * what that file says, and everything about the machine: limits, isolation, private ranges, unenforced limits, approvals.
 */
function within(base: Controls, branch: ZoneSettings, operator: ZoneSettings, refused: string[]): Controls {
  const open: ZoneSettings = {
    ...(operator.egress?.allow === undefined &&
      branch.egress?.allow !== undefined && { egress: { allow: branch.egress.allow } }),
    ...(operator.secrets?.allow === undefined && branch.secrets !== undefined && { secrets: branch.secrets }),
    ...(operator.permissions === undefined &&
      branch.permissions !== undefined && { permissions: branch.permissions }),
    ...(operator.publication === undefined &&
      branch.publication !== undefined && { publication: branch.publication }),
    ...(operator.caches === undefined && branch.caches !== undefined && { caches: branch.caches }),
  };
  return narrow(set(base, open), branch, 'protected branch', refused);
}

/** The lesser of what stands and what is asked, key by key; what is asked beyond is listed. */
function narrow(base: Controls, asked: ZoneSettings, who: string, refused: string[]): Controls {
  const no = (key: string, what: unknown): void => {
    refused.push(`cofferdam.yaml of the ${who}: zones.${base.zone}.${key} ${String(what)}`);
  };
  const lesser = (key: string, ours: number, theirs: number | undefined): number => {
    if (theirs !== undefined && theirs > ours) no(key, theirs);
    return theirs === undefined ? ours : Math.min(ours, theirs);
  };
  const both = (key: string, ours: boolean, theirs: boolean | undefined): boolean => {
    if (theirs === true && !ours) no(key, true);
    return ours && (theirs ?? true);
  };
  const common = <T extends AllowEntry>(
    key: string,
    ours: readonly T[],
    theirs: readonly T[] | undefined,
    covers: (mine: readonly T[], entry: T) => boolean = (mine, entry) => mine.includes(entry),
  ): readonly T[] => {
    if (theirs === undefined) return ours;
    const kept: T[] = [];
    for (const entry of theirs) {
      if (covers(ours, entry)) kept.push(entry);
      else no(key, ruleText(entry));
    }
    return kept;
  };
  const limits = Object.fromEntries(
    Object.entries(LIMIT_KEYS).map(([key, name]) => [
      name,
      lesser(`limits.${key}`, base.limits[name], asked.limits?.[key as LimitKey]),
    ]),
  ) as unknown as Limits;
  const tier = asked.isolation?.floor;
  if (tier !== undefined && compareTiers(tier, base.isolation.floor) < 0) no('isolation.floor', tier);
  // Which program holds a job is the machine's owner's choice.
  if (asked.isolation?.runtime !== undefined) no('isolation.runtime', asked.isolation.runtime);
  const acceleration = asked.isolation?.microvm?.acceleration;
  if (acceleration !== undefined) no('isolation.microvm.acceleration', acceleration);
  for (const { cve } of asked.isolation?.acceptKnown ?? []) no('isolation.acceptKnown', cve);
  const approvals = asked.approvals?.required;
  if (approvals !== undefined && approvals < base.approvals.required) no('approvals.required', approvals);
  for (const key of asked.acceptUnenforced ?? []) {
    if (!base.unenforcedLimitsAccepted.includes(LIMIT_KEYS[key])) no('acceptUnenforced', key);
  }
  return {
    zone: base.zone,
    isolation: {
      ...base.isolation,
      ...narrowedProfiles(base.isolation, asked.isolation, no),
      floor: tier !== undefined && compareTiers(tier, base.isolation.floor) > 0 ? tier : base.isolation.floor,
    },
    secondWalls: [...new Set([...base.secondWalls, ...(asked.isolation?.secondWalls ?? [])])],
    egress: {
      allow: common('egress.allow', base.egress.allow, asked.egress?.allow, coversDestination),
      allowRanges: common('egress.allowRanges', base.egress.allowRanges, asked.egress?.allowRanges),
      ...(both('egress.observe', base.egress.observe === true, asked.egress?.observe) && { observe: true }),
    },
    secrets: { allow: common('secrets.allow', base.secrets.allow, asked.secrets?.allow) },
    tokenPermissions: lesserPermissions(base.tokenPermissions, asked.permissions, no),
    publication: {
      artifacts: both('publication.artifacts', base.publication.artifacts, asked.publication?.artifacts),
      packages: both('publication.packages', base.publication.packages, asked.publication?.packages),
      deploy: both('publication.deploy', base.publication.deploy, asked.publication?.deploy),
    },
    caches: {
      read: common('caches.read', base.caches.read, asked.caches?.read),
      write: both('caches.write', base.caches.write, asked.caches?.write),
    },
    limits,
    unenforcedLimitsAccepted: base.unenforcedLimitsAccepted,
    approvals: { required: Math.max(base.approvals.required, approvals ?? 0) },
  };
}

function lesserPermissions(
  ours: Controls['tokenPermissions'],
  theirs: ZoneSettings['permissions'],
  no: (key: string, what: unknown) => void,
): Controls['tokenPermissions'] {
  if (theirs === undefined) return ours;
  const kept: Record<string, 'read' | 'write'> = {};
  for (const [scope, level] of Object.entries(theirs)) {
    const most = Object.hasOwn(ours, scope) ? ours[scope] : undefined;
    if (most === undefined || (most === 'read' && level === 'write')) no(`permissions.${scope}`, level);
    if (most !== undefined) kept[scope] = most === 'read' ? 'read' : level;
  }
  return kept;
}

/** Whether one entry of an allowlist covers another as a whole. */
function coversDestination(allow: readonly AllowEntry[], entry: AllowEntry): boolean {
  return allow.some((one) => coversRule(one, entry));
}

/** What zone untrusted never has, held here once more for whatever path led to these controls. */
function floor(controls: Controls): Controls {
  const caches = {
    ...controls.caches,
    read: controls.caches.read.filter((source) => compareZones(source, controls.zone) >= 0),
  };
  if (controls.zone !== 'untrusted') return { ...controls, caches };
  return {
    ...controls,
    isolation: neverPrivileged(controls.isolation),
    egress: { allow: controls.egress.allow, allowRanges: controls.egress.allowRanges },
    caches,
    secrets: { allow: [] },
    tokenPermissions: Object.fromEntries(
      Object.keys(controls.tokenPermissions).map((scope) => [scope, 'read' as const]),
    ),
    publication: { ...controls.publication, packages: false, deploy: false },
  };
}
