export type { RunObserver } from './cell/journal.ts';
export { clientSetup } from './exec/client-setup.ts';
export { exec, type ExecOutcome, type ExecRequest, type ExecStreams } from './exec/exec.ts';
export { boundPaths, workFolder } from './exec/work-folder.ts';
