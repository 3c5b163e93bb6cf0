export { REVIEWED } from './flaws.ts';
export { packageOf } from './installed.ts';
export { type KnownFlaw, knownFlaws, refuseOpen } from './judge.ts';
