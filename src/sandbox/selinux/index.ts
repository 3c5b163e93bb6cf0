export {
  NOT_LOADED,
  seLinuxAbsent,
  seLinuxHere,
  contextAt,
  threadContexts,
} from './kernel.ts';
export { labelCheck } from './label-check.ts';
export type { SeLinuxLabels } from './labels.ts';
export { labelsOf, layLabels, type Shown } from './lay-labels.ts';
export { askKernel, policyWeakness } from './policy-questions.ts';
export { loadModule, type SeLinuxWall, seLinuxWall } from './wall.ts';
