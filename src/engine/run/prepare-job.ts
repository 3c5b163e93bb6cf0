import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { profilePath } from '../../sandbox/index.ts';
import { evaluateText, evaluateValue, unsupportedRunsOn } from '../../workflow/index.ts';
import { type CheckoutDone, firstCheckout } from '../action/first-checkout.ts';
import { defaultEnvironment, githubContext, type JobFolders } from '../event/github-context.ts';
import { JobState } from '../job/job-state.ts';
import type { Leg, Needs } from '../schedule/job-graph.ts';
import type { JobZone } from '../trust/job-zones.ts';
import type { RunGround } from './run-ground.ts';

const HOME = '/home/runner';
export const EVENT_PATH = '/opt/cofferdam/event.json';

function foldersOf(repository: string): JobFolders {
  const name = repository.split('/')[1] ?? 'repository';
  return {
    workspace: `${HOME}/work/${name}/${name}`,
    temp: `${HOME}/work/_temp`,
    toolCache: '/opt/hostedtoolcache',
    home: HOME,
    eventPath: EVENT_PATH,
  };
}

/** The contexts that exist before a job has a sandbox. */
export function planContexts(
  ground: Pick<RunGround, 'event' | 'runId' | 'workflow' | 'workflowPath' | 'inputs'>,
  needs: Needs,
  job: string,
) {
  const folders = foldersOf(ground.event.repository);
  const identity = {
    runId: ground.runId,
    workflowName: ground.workflow.name,
    workflowPath: ground.workflowPath,
    job,
  };
  return {
    github: githubContext(ground.event, identity, folders),
    needs: Object.fromEntries(
      [...needs].map(([id, outcome]) => [
        id,
        { result: outcome.conclusion, outputs: { ...outcome.outputs } },
      ]),
    ),
    inputs: ground.inputs,
    vars: {},
  };
}

/** The operator's file names the branch or tag, and git does not contradict it. */
function isProtected(granted: JobZone): boolean {
  return granted.facts.some(
    ({ name, value, forgeable }) =>
      (name === 'protected-branch' || name === 'protected-tag') && value === 'true' && !forgeable,
  );
}

/** All of a job that is known before its sandbox opens. */
export interface Prepared {
  readonly state: JobState;
  readonly folders: JobFolders;
  readonly checkout: CheckoutDone | undefined;
  readonly tolerated: boolean;
  readonly timeoutMs: number;
}

/**
 * Evaluates what a job says of itself, and makes its first checkout ready. Fails when an expression does, or when the job
 * asks for a runner that this is not.
 */
export async function prepareJob(
  ground: RunGround,
  leg: Leg,
  needs: Needs,
  granted: JobZone,
  secrets: Readonly<Record<string, string>>,
): Promise<Result<Prepared, Refusal>> {
  const { workflow, event } = ground;
  const { controls } = granted;
  const { job } = leg;
  const means = { work: ground.work };
  const folders = foldersOf(event.repository);
  const planned = planContexts(ground, needs, job.id);
  const base = { ...planned, github: { ...planned.github, ref_protected: isProtected(granted) } };
  const architecture = process.arch === 'arm64' ? 'ARM64' : 'X64';
  const contexts = {
    ...base,
    matrix: leg.matrix,
    strategy: {
      'fail-fast': leg.failFast,
      'job-index': leg.index,
      'job-total': leg.total,
      'max-parallel': leg.maxParallel,
    },
    secrets: { ...secrets },
    runner: {
      os: 'Linux',
      arch: architecture,
      name: 'cofferdam',
      temp: folders.temp,
      tool_cache: folders.toolCache,
      debug: '',
      environment: 'self-hosted',
      workspace: folders.workspace.slice(0, folders.workspace.lastIndexOf('/')),
    },
  };
  for (const label of job.runsOn) {
    const value = evaluateValue(label, contexts, means);
    if (!value.ok) return value;
    for (const word of Array.isArray(value.value) ? value.value : [value.value]) {
      const why = unsupportedRunsOn(String(word));
      if (why !== undefined)
        return err(refusal('usage', 'workflow/runs-on', why, 'use ubuntu-latest or a Linux label', label.at));
    }
  }
  const environment = new Map<string, string>();
  for (const { name, value } of [...workflow.env, ...job.env]) {
    const text = evaluateText(value, contexts, means);
    if (!text.ok) return text;
    environment.set(name, text.value);
  }
  const tolerated =
    job.continueOnError === undefined ? ok(false) : evaluateValue(job.continueOnError, contexts, means);
  if (!tolerated.ok) return tolerated;
  const minutes =
    job.timeoutMinutes === undefined ? ok(Number.NaN) : evaluateValue(job.timeoutMinutes, contexts, means);
  if (!minutes.ok) return minutes;
  const asked = Number(minutes.value) * 60_000;
  const state = new JobState(
    {
      ...contexts,
      secrets,
      defaults: {
        ...ground.image?.environment,
        ...defaultEnvironment(base.github, folders, architecture),
        LANG: 'C.UTF-8',
        USER: 'runner',
        ...granted.clients.environment,
      },
      path: profilePath(controls.isolation.profile, ground.image?.environment['PATH'] ?? ground.searchPath),
    },
    environment,
  );
  const scratch = join(ground.scratch, leg.id);
  mkdirSync(scratch, { mode: 0o700 });
  const checkout = await firstCheckout(
    job.steps,
    state,
    ground.repository,
    event,
    join(scratch, 'first-checkout'),
    { bytes: controls.limits.workspaceBytes, files: controls.limits.workspaceInodes },
    ground.work,
  );
  if (!checkout.ok) return checkout;
  return ok({
    state,
    folders,
    checkout: checkout.value,
    tolerated: tolerated.value === true || tolerated.value === 'true',
    timeoutMs:
      Number.isFinite(asked) && asked > 0
        ? Math.min(asked, controls.limits.jobTimeoutMs)
        : controls.limits.jobTimeoutMs,
  });
}
