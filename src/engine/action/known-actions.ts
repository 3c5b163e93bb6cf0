import type { Refusal, Result } from '../../base/index.ts';
import { readJobFile } from '../../sandbox/index.ts';
import { type Job, readActionMetadata, type Step, unsupportedStep } from '../../workflow/index.ts';
import type { RunEvent } from '../event/event.ts';
import { committedFile } from '../repository/committed-files.ts';
import { missingShell, type ProgramGround, setsPath } from './missing-shells.ts';
import type { LocalRepository } from '../repository/local-repository.ts';

const MAX_METADATA = 1_048_576;
/** Actions may call each other; each is looked at once. */
const MAX_ACTIONS = 200;

/**
 * What would not run of the local actions that the jobs use, each with its place in the action's own file: known before the
 * run, as the actions lie in what is checked out. One that is not there yet may be made by a step, and is read when it is
 * reached; so is every action of a job that checks out something else.
 */
export async function unsupportedActions(
  jobs: readonly Job[],
  repository: LocalRepository,
  event: RunEvent,
  ground: ProgramGround,
): Promise<readonly Refusal[]> {
  const read = async (path: string): Promise<Result<Uint8Array | undefined, Refusal>> =>
    repository.git && !event.workTree
      ? committedFile(repository.directory, event.sha, path, MAX_METADATA)
      : readJobFile(repository.directory, path, { maxBytes: MAX_METADATA });
  const refused: Refusal[] = [];
  const seen = new Set<string>();
  const look = async (
    steps: readonly Step[],
    certain: boolean,
    earlier: readonly Step[] = [],
  ): Promise<void> => {
    for (const [index, step] of steps.entries()) {
      if (step.kind !== 'action' || step.uses.kind !== 'local') continue;
      const folder = step.uses.path.replace(/^\.\//u, '').replace(/\/+$/u, '');
      if (folder.includes('..') || seen.has(folder) || seen.size >= MAX_ACTIONS) continue;
      seen.add(folder);
      for (const name of ['action.yml', 'action.yaml']) {
        const label = folder === '' ? name : `${folder}/${name}`;
        const bytes = await read(label);
        if (!bytes.ok || bytes.value === undefined) continue;
        const metadata = await readActionMetadata(label, bytes.value);
        if (!metadata.ok) refused.push(...metadata.error);
        else if (metadata.value.runs.using === 'composite') {
          const { steps: own } = metadata.value.runs;
          const before = [...earlier, ...steps.slice(0, index)];
          // A shell that is missing is of no matter where the step may be left out.
          const runs = certain && step.if === undefined;
          refused.push(...own.flatMap(unsupportedStep), ...(runs ? missingIn(own, before, ground) : []));
          await look(own, runs, before);
        }
        break;
      }
    }
  };
  for (const job of jobs)
    if (job.steps.every(checksOutThis)) await look(job.steps, job.if === undefined && !setsPath(job.env));
  return refused;
}

function missingIn(
  steps: readonly Step[],
  before: readonly Step[],
  ground: ProgramGround,
): readonly Refusal[] {
  return steps.flatMap((step, at) => missingShell(step, [...before, ...steps.slice(0, at)], ground) ?? []);
}

const ELSEWHERE = ['repository', 'ref', 'path', 'sparse-checkout', 'sparse-checkout-cone-mode'];

/** False for a checkout of another repository or ref, into another place, or of a part. */
function checksOutThis(step: Step): boolean {
  if (step.kind !== 'action' || step.uses.kind !== 'repository') return true;
  if (`${step.uses.owner}/${step.uses.repository}`.toLowerCase() !== 'actions/checkout') return true;
  return !step.with.some((input) => ELSEWHERE.includes(input.name.toLowerCase()));
}
