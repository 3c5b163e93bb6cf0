export type { RunObserver } from './cell/journal.ts';
export { clientSetup } from './exec/client-setup.ts';
export { exec, type ExecOutcome, type ExecRequest, type ExecStreams } from './exec/exec.ts';
export { boundPaths, workFolder } from './exec/work-folder.ts';
export { EVENTS, type RunEvent } from './event/event.ts';
export { type EventOptions, synthesiseEvent } from './event/synthesise.ts';
export { openRepository, type LocalRepository } from './repository/local-repository.ts';
export { type RunOutcome, runWorkflow } from './run/run-workflow.ts';
export { decideZone } from './run/zone-facts.ts';
