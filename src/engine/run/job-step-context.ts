import { join } from 'node:path';
import type { CheckoutDone } from '../action/first-checkout.ts';
import type { Cell } from '../cell/open-cell.ts';
import type { JobFolders } from '../event/github-context.ts';
import type { JobState } from '../job/job-state.ts';
import type { Leg } from '../schedule/job-graph.ts';
import { evaluateWithHashes } from '../step/file-hashes.ts';
import type { JobLog } from '../step/job-log.ts';
import { runSteps } from '../step/run-steps.ts';
import type { StepContext } from '../step/step-context.ts';
import type { JobZone } from '../trust/job-zones.ts';
import type { RunGround } from './run-ground.ts';

/** What every step of one leg is given; made once the job's sandbox is open. */
export function stepContext(
  ground: RunGround,
  leg: Leg,
  granted: JobZone,
  cell: Cell,
  state: JobState,
  folders: JobFolders,
  log: JobLog,
  checkout: CheckoutDone | undefined,
  signal: AbortSignal,
  kill: AbortSignal,
): StepContext {
  let summaryBytes = 0;
  let done = checkout;
  const { journal } = ground;
  return {
    jobId: leg.id,
    runSteps,
    evaluate: (stepId, attempt) =>
      evaluateWithHashes(attempt, {
        sandbox: cell.sandbox,
        workspace: folders.workspace,
        stepId,
        signal: signal.aborted ? new AbortController().signal : signal,
        kill,
        work: ground.work,
      }),
    cell,
    state,
    folders,
    limits: granted.controls.limits,
    journal,
    observer: ground.observer,
    log,
    annotate: (step, annotation) => {
      void journal.write({
        type: 'annotation',
        job: leg.id,
        step,
        level: annotation.level,
        message: log.masked(annotation.message),
        ...(Object.keys(annotation.properties).length > 0 && { properties: annotation.properties }),
      });
    },
    summarise: async (step, markdown) => {
      const text = `${log.masked(markdown)}\n`;
      const { artifactBytes } = granted.controls.limits;
      summaryBytes += Buffer.byteLength(text);
      if (summaryBytes > artifactBytes)
        return journal.write({
          type: 'limit.hit',
          job: leg.id,
          step,
          limit: 'artifactBytes',
          value: artifactBytes,
        });
      const { appendFile } = await import('node:fs/promises');
      return appendFile(join(ground.logs, `${leg.id}.summary.md`), text, { mode: 0o600 });
    },
    limitHit: (limit, value, step) => journal.write({ type: 'limit.hit', job: leg.id, step, limit, value }),
    repository: ground.repository,
    event: ground.event,
    checkedOut: {
      take: () => {
        const taken = done;
        done = undefined;
        return taken;
      },
    },
    tools: ground.tools,
    hasBash: ground.image?.hasBash ?? true,
    signal,
    kill,
    scratch: join(ground.scratch, leg.id),
    post: [],
    defaults: [leg.job.defaults, ground.workflow.defaults],
  };
}
