import {
  compareTiers,
  LIMIT_KEYS,
  type LimitKey,
  type LoadedConfiguration,
  type TrustedRepository,
  ZONES,
  type ZoneId,
} from '../../config/index.ts';
import type { Controls } from '../controls.ts';
import type { MachineSize } from '../defaults.ts';
import { askableProfiles } from '../profiles.ts';
import { settleControls } from '../settle-controls.ts';
import { rangesBeyond } from './address-ranges.ts';
import { approverChanges } from './approver-changes.ts';
import { budgetsBeyond } from './budgets.ts';
import { cellsBeyond, type EgressCell } from './egress-cells.ts';
import { hostKeysBeyond } from './host-keys.ts';
import { gateChanges } from './gate-changes.ts';
import { proxyChanges } from './proxy-changes.ts';
import { waiverChanges } from './waiver-changes.ts';

/** One thing that a policy allows and another does not. */
export interface PolicyChange {
  /** `opened`: only the new policy allows it. `closed`: only the old one does. `changed`: neither is more than the other. */
  readonly direction: 'opened' | 'closed' | 'changed';
  /** Absent for what concerns every zone. */
  readonly zone?: ZoneId;
  /** The key of `cofferdam.yaml` that decides it. */
  readonly key: string;
  readonly what: string;
  readonly egress?: EgressCell;
}

type Side = { readonly direction: 'opened' | 'closed'; readonly more: Controls; readonly less: Controls };

/**
 * Everything that one policy allows and another does not, in both directions, defaults included: a key that is
 * left out means what the product gives by itself. Nothing found means that every job may do just what it could.
 */
export function diffPolicies(
  before: LoadedConfiguration,
  after: LoadedConfiguration,
  machine: MachineSize,
): readonly PolicyChange[] {
  const changes: PolicyChange[] = [];
  for (const zone of ZONES) {
    const controls = (loaded: LoadedConfiguration): Controls =>
      settleControls(zone, machine, [loaded]).controls;
    const [old, fresh] = [controls(before), controls(after)];
    for (const side of [
      { direction: 'opened', more: fresh, less: old },
      { direction: 'closed', more: old, less: fresh },
    ] as const) {
      const found = [...egressOf(side), ...grantsOf(side), ...boundsOf(side)];
      changes.push(...found.map((change) => ({ direction: side.direction, zone, ...change })));
    }
    if (old.isolation.runtime !== fresh.isolation.runtime) {
      const what = `${old.isolation.runtime ?? 'the first of the tier'} becomes ${fresh.isolation.runtime ?? 'the first of the tier'}`;
      changes.push({ direction: 'changed', zone, key: 'isolation.runtime', what });
    }
    const [was = 'auto', is = 'auto'] = [old.isolation.acceleration, fresh.isolation.acceleration];
    if (was !== is) {
      const key = 'isolation.microvm.acceleration';
      changes.push({ direction: 'changed', zone, key, what: `${was} becomes ${is}` });
    }
  }
  return [
    ...changes,
    ...trustChanges(before, after),
    ...waiverChanges(before, after),
    ...gateChanges(before, after),
    ...proxyChanges(before, after),
    ...approverChanges(before, after),
  ];
}

type Found = Pick<PolicyChange, 'key' | 'what' | 'egress'>;

function egressOf({ more, less }: Side): readonly Found[] {
  const [wide, narrow] = [more.egress.allow, less.egress.allow];
  return [
    ...cellsBeyond(wide, narrow).map((egress) => ({ key: 'egress.allow', what: cellText(egress), egress })),
    ...budgetsBeyond(wide, narrow).map((what) => ({ key: 'egress.allow', what })),
    ...hostKeysBeyond(wide, narrow).map((what) => ({ key: 'egress.allow', what })),
    ...(more.egress.observe === true && less.egress.observe === undefined
      ? [{ key: 'egress.observe', what: 'what is not on the list is let through, and noted' }]
      : []),
    ...rangesBeyond(more.egress.allowRanges, less.egress.allowRanges).map((range) => ({
      key: 'egress.allowRanges',
      what: `names may lead to ${range}`,
    })),
  ];
}

function cellText({ host, port, program, speech, paths, example }: EgressCell): string {
  const where = `${host}${port === undefined ? '' : `:${port}`}`;
  const everything = paths.includes('/**');
  return `${where}${program === undefined ? '' : `  by ${program}`}  ${speech}${everything ? '' : `  ${paths.join(' ')}`}${everything && example === '/' ? '' : `  (for example ${example})`}`;
}

function grantsOf({ more, less }: Side): readonly Found[] {
  const beyond = <T extends string>(
    key: string,
    a: readonly T[],
    b: readonly T[],
    say: (one: T) => string,
  ): readonly Found[] => a.filter((one) => !b.includes(one)).map((one) => ({ key, what: say(one) }));
  const scopes = Object.entries(more.tokenPermissions).filter(([scope, level]) => {
    const other = Object.hasOwn(less.tokenPermissions, scope) ? less.tokenPermissions[scope] : undefined;
    return other === undefined || (level === 'write' && other === 'read');
  });
  const publication = (['artifacts', 'packages', 'deploy'] as const).filter(
    (key) => more.publication[key] && !less.publication[key],
  );
  return [
    ...beyond(
      'secrets.allow',
      more.secrets.allow,
      less.secrets.allow,
      (name) => `secret ${name} is in reach`,
    ),
    ...scopes.map(([scope, level]) => ({
      key: `permissions.${scope}`,
      what: `a token may ${level} ${scope}`,
    })),
    ...publication.map((key) => ({ key: `publication.${key}`, what: `${key} may leave` })),
    ...beyond('caches.read', more.caches.read, less.caches.read, (zone) => `caches of zone ${zone} are read`),
    ...(more.caches.write && !less.caches.write ? [{ key: 'caches.write', what: 'caches are written' }] : []),
  ];
}

function boundsOf({ more, less }: Side): readonly Found[] {
  const limits = (Object.keys(LIMIT_KEYS) as readonly LimitKey[]).filter(
    (key) => more.limits[LIMIT_KEYS[key]] > less.limits[LIMIT_KEYS[key]],
  );
  const lost = less.secondWalls.filter((wall) => !more.secondWalls.includes(wall));
  const accepted = more.unenforcedLimitsAccepted.filter(
    (name) => !less.unenforcedLimitsAccepted.includes(name),
  );
  const known = (more.isolation.acceptKnown ?? []).filter(
    ({ cve, until }) =>
      !(less.isolation.acceptKnown ?? []).some((one) => one.cve === cve && one.until >= until),
  );
  return [
    ...known.map(({ cve, until }) => ({
      key: 'isolation.acceptKnown',
      what: `a runtime with ${cve} will do until ${until}`,
    })),
    ...limits.map((key) => ({
      key: `limits.${key}`,
      what: `${less.limits[LIMIT_KEYS[key]]} becomes ${more.limits[LIMIT_KEYS[key]]}`,
    })),
    ...(compareTiers(more.isolation.floor, less.isolation.floor) < 0
      ? [
          {
            key: 'isolation.floor',
            what: `a ${more.isolation.floor} is enough, where a ${less.isolation.floor} was asked for`,
          },
        ]
      : []),
    ...beyondProfiles(more, less),
    ...lost.map((wall) => ({ key: 'isolation.secondWalls', what: `a machine without ${wall} will do` })),
    ...accepted.map((name) => ({
      key: 'acceptUnenforced',
      what: `a machine that cannot hold ${name} will do`,
    })),
    ...(more.approvals.required < less.approvals.required
      ? [
          {
            key: 'approvals.required',
            what: `${more.approvals.required} approvals, where ${less.approvals.required} were asked for`,
          },
        ]
      : []),
  ];
}

/** Profiles that may be asked for, and those that are given without asking: each makes a wall weaker. */
function beyondProfiles(more: Controls, less: Controls): readonly Found[] {
  const given = ({ isolation: { jobs = {}, profile } }: Controls): readonly (readonly [string, string])[] => [
    ...Object.entries(jobs).map(
      ([job, name]) => [`isolation.jobs.${job}`, `job ${job} has the profile ${name}`] as const,
    ),
    ...(profile === undefined
      ? []
      : [['isolation.profile', `every job has the profile ${profile}`] as const]),
  ];
  const [before, had] = [askableProfiles(less), given(less).map(([, what]) => what)];
  return [
    ...askableProfiles(more)
      .filter((name) => !before.includes(name))
      .map((name) => ({ key: 'isolation.profiles', what: `the profile ${name} can be had` })),
    ...given(more)
      .filter(([, what]) => !had.includes(what))
      .map(([key, what]) => ({ key, what })),
  ];
}

const TRUSTING = ['protectedBranches', 'protectedTags', 'environments'] as const;
const SETTLING = ['path', 'remote', 'allowedSigners', 'policyFrom'] as const;

/** Whom the policies vouch for: a list that grows opens; another folder, key file or branch is neither more nor less. */
function trustChanges(before: LoadedConfiguration, after: LoadedConfiguration): readonly PolicyChange[] {
  const of = ({ configuration }: LoadedConfiguration): ReadonlyMap<string, TrustedRepository> =>
    new Map((configuration.trust?.repositories ?? []).map((one) => [one.name, one]));
  const [old, fresh] = [of(before), of(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])].flatMap((name): readonly PolicyChange[] => {
    const [was, is] = [old.get(name), fresh.get(name)];
    const key = `trust.repositories ${name}`;
    if (was === undefined) return [{ direction: 'opened', key, what: 'its refs can prove a higher zone' }];
    if (is === undefined) return [{ direction: 'closed', key, what: 'its refs could prove a higher zone' }];
    const beyond = (
      a: TrustedRepository,
      b: TrustedRepository,
      direction: 'opened' | 'closed',
    ): readonly PolicyChange[] =>
      TRUSTING.flatMap((list) =>
        (a[list] ?? [])
          .filter((one) => !(b[list] ?? []).includes(one))
          .map((one) => ({ direction, key: `${key} ${list}`, what: one })),
      );
    const other = SETTLING.filter((one) => was[one] !== is[one]);
    return [
      ...beyond(is, was, 'opened'),
      ...beyond(was, is, 'closed'),
      ...other.map((one) => ({
        direction: 'changed' as const,
        key: `${key} ${one}`,
        what: `${was[one] ?? 'nothing'} becomes ${is[one] ?? 'nothing'}`,
      })),
    ];
  });
}
