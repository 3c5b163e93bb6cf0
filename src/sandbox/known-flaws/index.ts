export { REVIEWED } from './flaws.ts';
export { packageOf, releaseOf } from './installed.ts';
export { type KnownFlaw, knownFlaws, refuseOpen } from './judge.ts';
