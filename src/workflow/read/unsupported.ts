import { type Refusal, refusal } from '../../base/index.ts';
import type { Step, Text, Workflow } from '../model.ts';

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

/** Everything of a workflow that this version does not run, each with its place. A run with any does not begin. */
export function unsupported(workflow: Workflow): readonly Refusal[] {
  return workflow.jobs.flatMap((job) => [
    ...job.runsOn.flatMap(unsupportedLabel),
    ...job.steps.flatMap(unsupportedStep),
  ]);
}

/** A label that is written out; one that is computed is looked at when the job begins. */
function unsupportedLabel(label: Text): readonly Refusal[] {
  const why = label.text.includes('${{') ? undefined : unsupportedRunsOn(label.text);
  return why === undefined
    ? []
    : [refusal('usage', 'workflow/runs-on', why, 'use ubuntu-latest or a Linux label', label.at)];
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
        'copy it into the repository and use it as ./folder',
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

const LABEL = /^(ubuntu-[\w.-]{1,40}|linux|self-hosted|x64|x86_64|arm64)$/i;

/** Why a job cannot run here by its label; undefined when it can. */
export function unsupportedRunsOn(label: string): string | undefined {
  return LABEL.test(label)
    ? undefined
    : `runs-on ${JSON.stringify(label.slice(0, 80))} is not a Linux machine that is known here`;
}
