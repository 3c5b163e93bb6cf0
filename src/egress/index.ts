export { parseAllowlist } from './allowlist.ts';
export type * from './contract.ts';
export { startGateway } from './gateway.ts';
export { PRESETS, type Preset, resolvePresets } from './presets.ts';
