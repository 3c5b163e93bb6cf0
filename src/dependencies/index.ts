export { fetchAdvisories } from './advisories/fetch.ts';
export {
  daysBetween,
  keepAdvisories,
  type KnownAdvisories,
  knownAdvisories,
  OLD_AFTER_DAYS,
} from './advisories/kept.ts';
export { actionsLockFrom, readIds, type RepositoryIds } from './lock/actions-lock.ts';
export { type KnownImages, readImages } from './lock/images.ts';
export { type LockRequest, type MadeLock, makeLock } from './lock/make-lock.ts';
export { type Mirrors, readMirrors } from './lock/mirrors.ts';
export { verifyLock } from './lock/verify-lock.ts';
export { writeWhole } from './lock/write-file.ts';
export { mirrorFacts } from './lock/mirror-facts.ts';
