import { ok, type Refusal, refusal } from '../../base/index.ts';
import { evaluateValue } from '../expressions/evaluate-text.ts';
import type { EvaluationWork } from '../expressions/work.ts';
import { type Combination, expandMatrix, isChosen, type MatrixChoice, valueAt } from '../jobs/matrix.ts';
import { wantedJobs } from '../jobs/wanted-jobs.ts';
import type { Job, MatrixSource, Step, Workflow } from '../model.ts';

/** Actions that we satisfy ourselves, with the inputs that they may be given. */
const NATIVE: Readonly<Record<string, readonly string[]>> = {
  'actions/checkout': [
    'repository',
    'ref',
    'token',
    'ssh-key',
    'ssh-known-hosts',
    'ssh-strict',
    'ssh-user',
    'persist-credentials',
    'path',
    'clean',
    'filter',
    'sparse-checkout',
    'sparse-checkout-cone-mode',
    'fetch-depth',
    'fetch-tags',
    'show-progress',
    'lfs',
    'submodules',
    'set-safe-directory',
    'github-server-url',
    'allow-unsafe-pr-checkout',
  ],
  'actions/setup-node': [
    'always-auth',
    'node-version',
    'node-version-file',
    'architecture',
    'check-latest',
    'registry-url',
    'scope',
    'token',
    'cache',
    'package-manager-cache',
    'cache-dependency-path',
    'mirror',
    'mirror-token',
  ],
};

/** What of a workflow is to be run: one job and what it needs, or all; some combinations of a matrix, or all. */
export interface Portion {
  readonly only?: string;
  readonly matrix: MatrixChoice;
}

const WHOLE: Portion = { matrix: new Map() };

/** Everything of a workflow that this version does not run, each with its place. A run with any does not begin. */
export function unsupported(
  workflow: Workflow,
  work: EvaluationWork,
  { only, matrix }: Portion = WHOLE,
): readonly Refusal[] {
  const wanted = only === undefined ? undefined : wantedJobs(workflow, only);
  const isWanted = (job: string | undefined): boolean =>
    job === undefined || wanted === undefined || wanted.has(job);
  return [
    ...workflow.lacks.filter(({ job }) => isWanted(job)).map(({ why }) => why),
    ...workflow.jobs
      .filter(({ id }) => isWanted(id))
      .flatMap((job) => [...unsupportedRunners(job, matrix, work), ...job.steps.flatMap(unsupportedStep)]),
  ];
}

/** Labels that are known before the run: as written, or from a matrix of plain values. The rest is decided by its leg. */
function unsupportedRunners(job: Job, choice: MatrixChoice, work: EvaluationWork): readonly Refusal[] {
  const combinations = job.matrix === undefined ? ok([{}]) : expandMatrix(job.matrix, {}, work);
  // What is wrong with one that is written out is known now; what an expression makes of it is decided when its job begins.
  if (!combinations.ok) return isWrittenOut(job.matrix) ? [combinations.error] : [];
  return job.runsOn.flatMap((label) => {
    if (work.isSpent) return [];
    const wrong = new Map<string, string>();
    for (const matrix of combinations.value) {
      if (work.isSpent) break;
      const value = isChosen(matrix, choice) ? evaluateValue(label, { matrix }, { work }) : undefined;
      for (const word of value?.ok === true ? [value.value].flat() : []) {
        const why = unsupportedRunsOn(String(word));
        if (why !== undefined && wrong.size < MAX_LABELS) wrong.set(String(word), why);
      }
    }
    const fix = otherRunners(label.text, combinations.value);
    return [...wrong.values()].map((why) => refusal('usage', 'workflow/runs-on', why, fix, label.at));
  });
}

function isWrittenOut(matrix: MatrixSource | undefined): boolean {
  return matrix?.kind === 'mapping' && !JSON.stringify(matrix.value).includes('${{');
}

function otherRunners(label: string, combinations: readonly Combination[]): string {
  const name = /matrix\.([\w.-]{1,100})/.exec(label)?.[1] ?? '';
  const other = combinations
    .map((combination) => valueAt(combination, name))
    .find((value) => typeof value === 'string' && unsupportedRunsOn(value) === undefined);
  return other === undefined
    ? 'use ubuntu-latest or another Linux label, or name another job with --job'
    : `leave the others out: --matrix ${name}=${String(other)}`;
}

export function unsupportedStep(step: Step): readonly Refusal[] {
  if (step.kind === 'run' || step.uses.kind === 'local') return [];
  const { uses } = step;
  if (uses.kind === 'docker')
    return [no('docker:// actions are not supported yet', 'run the program in a run step', step)];
  const name = uses.path === '' ? `${uses.owner}/${uses.repository}`.toLowerCase() : '';
  const inputs = Object.hasOwn(NATIVE, name) ? NATIVE[name] : undefined;
  if (inputs === undefined) {
    const whole = `${uses.owner}/${uses.repository}${uses.path === '' ? '' : `/${uses.path}`}`;
    return [
      no(
        `the action ${whole} is not supported yet`,
        'leave the step out here, or copy the action into the repository and use it as ./folder',
        step,
      ),
    ];
  }
  return step.with
    .filter((input) => !inputs.includes(input.name.toLowerCase()))
    .map((input) =>
      refusal(
        'usage',
        'workflow/unsupported',
        `${JSON.stringify(input.name)} is not an input of ${name}`,
        `use one of ${inputs.join(', ')}`,
        input.value.at,
      ),
    );
}

function no(why: string, fix: string, step: Step): Refusal {
  return refusal('usage', 'workflow/unsupported', why, fix, step.kind === 'action' ? step.uses.at : step.at);
}

const MAX_LABELS = 20;
const LABEL = /^(ubuntu-[\w.-]{1,40}|linux|self-hosted|x64|x86_64|arm64)$/i;

/** Why a job cannot run here by its label; undefined when it can. */
export function unsupportedRunsOn(label: string): string | undefined {
  return LABEL.test(label)
    ? undefined
    : `runs-on ${JSON.stringify(label.slice(0, 80))} is not a Linux machine that is known here`;
}
