export {
  abandonedRuns,
  createRun,
  findRun,
  finishRun,
  dropOldChanges,
  listRuns,
  type RunFolder,
} from './runs.ts';
export { openStateFolder, type StateFolder } from './state-folder.ts';
