export { parseAllowlist } from './allowlist.ts';
export type * from './contract.ts';
export { startGateway } from './gateway.ts';
export { PRESETS, type Preset, resolvePresets } from './presets.ts';
export { type Asked, askedPlace, explain, type Explanation } from './explain.ts';
export { learn, type Learned, type LearnedLine } from './learn/learn.ts';
export { Observations, type Observed } from './learn/observed.ts';
