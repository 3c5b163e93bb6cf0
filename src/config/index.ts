export type {
  Configuration,
  Origin,
  ProxySettings,
  TrustedRepository,
  Waiver,
  ZoneSettings,
  ZonesSettings,
} from './configuration.ts';
export type { FindingSetting } from './gate-schema.ts';
export type { CustomRule } from './custom-rules-schema.ts';
export { coversRule } from './egress/covers-rule.ts';
export { coversHost, parseDestination, USUAL_PORTS } from './egress/destination.ts';
export { type ExplainedEntry, withAllowlist } from './egress/edit-allowlist.ts';
export { isGitFetch } from './egress/git-fetch.ts';
export { addressLiteral } from './egress/address-literal.ts';
export { hostName } from './egress/host-name.ts';
export { isPathPattern, matchesPath, normalisePath, pathBeyond, pathKinds } from './egress/path-pattern.ts';
export {
  coversProgram,
  coversPrograms,
  isProgramPath,
  type ProgramRule,
  programText,
} from './egress/program-rule.ts';
export {
  type AllowEntry,
  contradictionIn,
  type EgressRule,
  type Method,
  METHODS,
  readsRequests,
  ruleOf,
  SSH_PORT,
  ruleText,
  strictness,
} from './egress/rule.ts';
export { ownerOf } from './file-owner.ts';
export { programFromText, ruleFromText } from './egress/written-rule.ts';
export { LIMIT_KEYS, type LimitKey, type LimitName, type Limits } from './limits.ts';
export {
  configurationIn,
  type LoadedConfiguration,
  operatorConfiguration,
  operatorPaths,
} from './load-configuration.ts';
export { notOperatorsOwn, readOperatorFile } from './operator-file.ts';
export {
  ACCELERATIONS,
  type AskedAcceleration,
  compareTiers,
  compareZones,
  ISOLATION_TIERS,
  type IsolationTier,
  RUNTIMES,
  type RuntimeName,
  PROFILE_ZONES,
  PROFILES,
  type ProfileName,
  SECOND_WALLS,
  TIER_OF,
  type SecondWall,
  ZONES,
  type ZoneId,
} from './zones.ts';
export { type LookedThrough, lookThrough } from './yaml-look-through.ts';
