export type { RunObserver } from './cell/journal.ts';
export { clientSetup } from './exec/client-setup.ts';
export { exec, type ExecOutcome, type ExecRequest, type ExecStreams } from './exec/exec.ts';
export { boundPaths, workFolder } from './exec/work-folder.ts';
export { githubContext, defaultEnvironment } from './event/github-context.ts';
export { synthesiseEvent } from './event/synthesise.ts';
export { prepareCheckout } from './repository/checkout-tree.ts';
export { openRepository } from './repository/local-repository.ts';
export { runJobGraph } from './schedule/job-graph.ts';
