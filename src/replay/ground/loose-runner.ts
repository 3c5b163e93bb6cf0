import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Contexts, EvaluationWork, evaluateText } from '../../workflow/index.ts';
import type { WorkflowRun, WorkflowStep } from '../attack.ts';
import { payloadOf } from './workflow-file.ts';
import type { WeakenedSandbox } from './weakened-sandbox.ts';

const INSIDE = '/run/cofferdam';
const FILES = ['GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY'] as const;

/**
 * Runs a workflow's steps as a runner does that keeps nothing from them: each expression becomes text of the script, the
 * secret is there for whoever asks, and what a step leaves for the next one is obeyed, whether by a file or by its output.
 */
export async function looseRunner(
  workflow: WorkflowRun,
  sandbox: WeakenedSandbox,
  job: {
    readonly canary: string;
    readonly folder: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly output: () => string;
    readonly timeoutMs: number;
    /** Whether the tools of the runner itself get the variables that steps have set, as where both are one machine's. */
    readonly sharesTools: boolean;
  },
): Promise<void> {
  const left = new Map(Object.entries(job.environment));
  const payload = payloadOf(workflow, job.canary) ?? {};
  const head = (payload['pull_request'] as { readonly head?: { readonly ref?: string } } | undefined)?.head;
  const contexts = {
    github: { event: payload, head_ref: head?.ref ?? '', event_name: 'pull_request' },
    secrets: { TOKEN: job.canary },
  } as unknown as Contexts;
  for (const [index, step] of workflow.steps.entries()) {
    if (step.run === undefined) continue;
    const folder = join(sandbox.exchange, `step-${index}`);
    mkdirSync(folder);
    for (const name of FILES) {
      writeFileSync(join(folder, name), '');
      chmodSync(join(folder, name), 0o666);
    }
    writeFileSync(join(folder, 'script.sh'), text(step.run, contexts));
    const said = job.output().length;
    await sandbox.run(
      {
        argv: ['bash', '-e', `${INSIDE}/step-${index}/script.sh`],
        environment: {
          ...Object.fromEntries(left),
          ...own(step, contexts),
          ...Object.fromEntries(FILES.map((name) => [name, `${INSIDE}/step-${index}/${name}`])),
        },
        workingDirectory: step['working-directory'] ?? job.folder,
      },
      job.timeoutMs,
    );
    const added = readFileSync(join(folder, 'GITHUB_PATH'), 'utf8').split('\n');
    for (const path of [
      ...added,
      ...commands(job.output().slice(said), 'add-path').map(([, value]) => value),
    ])
      if (path !== '') left.set('PATH', `${path}:${left.get('PATH') ?? ''}`);
    for (const line of readFileSync(join(folder, 'GITHUB_ENV'), 'utf8').split('\n'))
      if (line.includes('=')) left.set(line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1));
    for (const [name, value] of commands(job.output().slice(said), 'set-env')) left.set(name, value);
    if (job.sharesTools)
      spawnSync('git', ['--version'], { cwd: job.folder, env: Object.fromEntries(left), timeout: 5_000 });
  }
}

function text(source: string, contexts: Contexts): string {
  const evaluated = evaluateText({ text: source, at: { file: 'replay.yml' } }, contexts, {
    work: new EvaluationWork(),
  });
  if (!evaluated.ok) throw new Error(evaluated.error.why);
  return evaluated.value;
}

function own(step: WorkflowStep, contexts: Contexts): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(step.env ?? {}).map(([name, value]) => [name, text(value, contexts)]),
  );
}

/** What the output says with a command that sets something, as runners obeyed it until 2020. */
function commands(output: string, command: string): readonly (readonly [name: string, value: string])[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith(`::${command}`))
    .map((line) => [
      /name=([^:,]{1,100})/.exec(line)?.[1] ?? '',
      line.slice(line.indexOf('::', 2) + 2).replace(/\r$/, ''),
    ]);
}
