export { appArmorAbsent, loadProfiles, removeProfiles, threadLabels } from './kernel.ts';
export { absentCheck, labelCheck } from './label-check.ts';
export { appArmorNames } from './profile.ts';
