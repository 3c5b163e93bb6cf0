export {
  ISOLATION_TIERS,
  type IsolationTier,
  type LimitName,
  PROFILES,
  type ProfileName,
  RUNTIMES,
  type RuntimeName,
  TIER_OF,
  type Limits,
  ZONES,
  type ZoneId,
} from '../config/index.ts';
export type { Controls } from './controls.ts';
export { defaultControls, type MachineSize } from './defaults.ts';
export { decideZone, type ZoneDecision } from './decide-zone.ts';
export { refusedRules } from './gate-rules.ts';
export { type Fact, type FactName, type ZoneFacts } from './facts.ts';
export { type AskedIsolation, withIsolation } from './isolation.ts';
export { withProfile } from './profiles.ts';
export { poolRefuses, waiverFor, type WaiverSubject, waiverText } from './waivers.ts';
export {
  approvalOf,
  approvalText,
  type ChangeApproval,
  notApproved,
  readApproval,
} from './change-approval.ts';
export { type SettledControls, settleControls } from './settle-controls.ts';
export { diffPolicies, type PolicyChange } from './policy-diff/policy-diff.ts';
export { cellsBeyond, type EgressCell } from './policy-diff/egress-cells.ts';
