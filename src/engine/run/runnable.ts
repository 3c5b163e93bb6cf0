import { err, ok, type Refusal, type Result } from '../../base/index.ts';
import type { RootImage } from '../../sandbox/index.ts';
import {
  type EvaluationWork,
  type Job,
  type Portion,
  unsupported,
  type Workflow,
} from '../../workflow/index.ts';
import type { HostTool } from '../action/host-tools.ts';
import { unsupportedActions } from '../action/known-actions.ts';
import { missingShells } from '../action/missing-shells.ts';
import { missingTools, toolsFor } from '../action/missing-tools.ts';
import type { RunEvent } from '../event/event.ts';
import { searchPath } from '../exec/host-programs.ts';
import type { LocalRepository } from '../repository/local-repository.ts';

/** What there is for jobs that can all be run as they are written. */
export interface Runnable {
  readonly tools: readonly HostTool[];
  /** Where a job looks for programs of the host. */
  readonly searchPath: string;
}

/**
 * Looks, before anything runs, at what of a workflow this version or this machine cannot run; `plan` and `run` tell the same. The
 * workflow may be hostile: what is evaluated for it is bounded by `work`. Fails with all of it, each with its place.
 */
export async function runnable(
  workflow: Workflow,
  jobs: readonly Job[],
  portion: Portion,
  request: {
    readonly repository: LocalRepository;
    readonly event: RunEvent;
    readonly outside: Readonly<Record<string, string | undefined>>;
    readonly image?: RootImage;
    readonly work: EvaluationWork;
  },
): Promise<Result<Runnable, readonly Refusal[]>> {
  const { repository, event, outside, image, work } = request;
  const path = searchPath(outside, []);
  const ground = {
    root: image?.root ?? ({ kind: 'host' } as const),
    searchPath: image?.environment['PATH'] ?? path,
  };
  const lacking = [
    ...unsupported(workflow, work, portion),
    ...(await unsupportedActions(jobs, repository, event, ground)),
    ...missingShells(workflow, jobs, ground),
  ];
  const tools = (await toolsFor(jobs, outside)).filter(shownIn(image));
  const missing = missingTools(jobs, portion.matrix, tools, work);
  // What was not evaluated for want of work is not known to run.
  const spent = work.refusal({ file: workflow.path });
  const refused = spent === undefined ? [...lacking, ...(missing === undefined ? [] : [missing])] : [spent];
  return refused.length === 0 ? ok({ tools, searchPath: path }) : err(refused);
}

/** An image does not show the host's `/usr`, so of the host's tools only those that are mounted. */
function shownIn(image: RootImage | undefined): (tool: HostTool) => boolean {
  return (tool) => image === undefined || tool.mount !== undefined;
}
