export { abandonedRuns, createRun, findRun, finishRun, listRuns, type RunFolder } from './runs.ts';
export { openStateFolder, type StateFolder } from './state-folder.ts';
