import { type Refusal, refusal } from '../../base/index.ts';
import { showsProgram, type SandboxRoot } from '../../sandbox/index.ts';
import { type Job, shellCommand, type Step, type Workflow } from '../../workflow/index.ts';

/** Where jobs look for programs before anything of theirs ran. */
export interface ProgramGround {
  readonly root: SandboxRoot;
  readonly searchPath: string;
}

const MOST_TOLD = 20;
/** Absolute places that a job itself cannot fill. */
const FIXED = /^\/(usr|bin|sbin|lib|lib64|opt)\/(?!hostedtoolcache\/)/;

/**
 * Shells that steps name and a job does not find, each once with the place of the first step. Not looked at, and decided when it
 * is reached: a shell from an expression, a step or job with an `if`, a place that a job itself may fill, a search path of the
 * workflow's own, and a program that an earlier step may bring (its script names it, or it is a local action).
 */
export function missingShells(
  workflow: Pick<Workflow, 'defaults' | 'env'>,
  jobs: readonly Job[],
  ground: ProgramGround,
): readonly Refusal[] {
  const missing = new Map<string, Refusal>();
  for (const job of jobs) {
    if (job.if !== undefined || setsPath([...workflow.env, ...job.env])) continue;
    for (const [at, step] of job.steps.entries()) {
      const why = missingShell(step, job.steps.slice(0, at), ground, [job.defaults, workflow.defaults]);
      if (why !== undefined && missing.size < MOST_TOLD) missing.set(why.why, missing.get(why.why) ?? why);
    }
  }
  return [...missing.values()];
}

/** The same for one step, after those that run before it. */
export function missingShell(
  step: Step,
  before: readonly Step[],
  { root, searchPath }: ProgramGround,
  defaults: readonly Job['defaults'][] = [],
): Refusal | undefined {
  if (step.kind !== 'run' || step.if !== undefined || setsPath(step.env)) return undefined;
  const shell = step.shell ?? defaults.find((one) => one.shell !== undefined)?.shell;
  if (shell === undefined || shell.text.includes('${{')) return undefined;
  const command = shellCommand(shell.text, { hasBash: true });
  if (!command.ok) return undefined;
  const { command: program } = command.value;
  if (program.includes('/') && !FIXED.test(program)) return undefined;
  if (showsProgram(root, searchPath, program) || before.some((one) => mayBring(one, program)))
    return undefined;
  const name = JSON.stringify(program.slice(0, 100));
  return refusal(
    'machine',
    'tools/shell-missing',
    root.kind === 'host'
      ? `the shell ${name} is not on this machine, or not below /usr, where jobs see its programs`
      : `the shell ${name} is not in the image that the jobs' root is made of`,
    `${root.kind === 'host' ? 'install it below /usr' : 'add it to the image'}, or use bash, sh, python or node`,
    shell.at,
  );
}

/** Whether programs are then looked for where only the job knows. */
export function setsPath(variables: readonly { readonly name: string }[]): boolean {
  return variables.some(({ name }) => name === 'PATH');
}

function mayBring(step: Step, program: string): boolean {
  if (step.kind === 'run') return step.run.text.includes(program);
  return (
    step.uses.kind === 'local' ||
    (program === 'node' && step.uses.kind === 'repository' && step.uses.repository === 'setup-node')
  );
}
