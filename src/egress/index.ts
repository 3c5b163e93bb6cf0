export { parseAllowlist } from './allowlist.ts';
export type * from './contract.ts';
export { openGateway } from './gateway.ts';
export { PRESETS, type Preset, resolvePresets } from './presets.ts';
