export {
  type Controls,
  ISOLATION_TIERS,
  type IsolationTier,
  type LimitName,
  type Limits,
  ZONES,
  type ZoneId,
} from './controls.ts';
export { defaultControls, type MachineSize } from './defaults.ts';
