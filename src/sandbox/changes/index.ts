export { type Applied, type ApplyRequest, applyChanges, type LeftOut } from './apply-changes.ts';
export type { Change } from './change.ts';
export { isGitName } from './git-name.ts';
export { listChanges } from './list-changes.ts';
export { sensitiveAmong, whySensitive } from './sensitive.ts';
export { showDiff } from './show-diff.ts';
