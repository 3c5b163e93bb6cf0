import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ruleOf, type RuntimeName } from '../../config/index.ts';
import type { ReplayCase, WorkflowRun } from '../attack.ts';
import type { JobRequest } from './job-request.ts';
import { runIds, STATE } from './contained-run.ts';
import { BRANCH, payloadOf, WORKFLOW_PATH, writeOperatorFile } from './workflow-file.ts';

const CONFIG = '/run/replay/config';
const PAYLOAD = '/run/replay/event.json';
const LOOK_MS = 20;

function commandLine(): string {
  const bundled = join(import.meta.dirname, 'cofferdam.mjs');
  return existsSync(bundled) ? bundled : join(import.meta.dirname, '../../cli/main.ts');
}

/** Without a home, a kernel for guests is where this process was told that it is. */
function placesOfGuests(): Readonly<Record<string, string>> {
  const names = ['XDG_CACHE_HOME', 'COFFERDAM_GUEST_KERNEL'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Runs a workflow by `cofferdam run`, the very command line. */
export async function productWorkflow(
  request: JobRequest,
  one: ReplayCase,
  workflow: WorkflowRun,
  runtime: RuntimeName,
  canary: string,
  watched: (runId: string) => () => void,
): Promise<void> {
  writeOperatorFile(CONFIG, request.workFolder);
  const payload = payloadOf(workflow, canary);
  if (payload !== undefined) writeFileSync(PAYLOAD, JSON.stringify(payload));
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      commandLine(),
      'run',
      join(request.workFolder, WORKFLOW_PATH),
      '--verbose',
      '--runtime',
      runtime,
      ...(one.allow ?? []).flatMap((entry) => ['--allow', ruleOf(entry).to]),
      ...(payload === undefined
        ? ['--ref', BRANCH, '--secret', 'TOKEN']
        : ['--event', 'pull_request', '--fork', '--event-file', PAYLOAD, '--secret', 'TOKEN']),
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: '/nonexistent',
        XDG_CONFIG_HOME: CONFIG,
        COFFERDAM_STATE: STATE,
        TOKEN: canary,
        ...(runtime === 'qemu' && placesOfGuests()),
      },
    },
  );
  child.stdout.on('data', request.output);
  child.stderr.on('data', request.output);
  let stop: (() => void) | undefined;
  const timer = setInterval(() => {
    const [id] = runIds();
    if (stop === undefined && id !== undefined) stop = watched(id);
  }, LOOK_MS);
  const late = setTimeout(() => child.kill('SIGINT'), request.timeoutMs);
  await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(late);
  clearInterval(timer);
  stop?.();
  if (runIds().length === 0) throw new Error('cofferdam run did not begin a run');
}
