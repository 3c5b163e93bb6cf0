import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowRun } from '../attack.ts';

export const WORKFLOW_PATH = '.github/workflows/replay.yml';
export const BRANCH = 'main';

/** The workflow of a case as a file. JSON is YAML too, so that nothing in a step can be read in two ways. */
function workflowText(workflow: WorkflowRun): string {
  return JSON.stringify({
    on: ['push', 'pull_request'],
    jobs: { attack: { 'runs-on': 'ubuntu-latest', steps: workflow.steps } },
  });
}

/** Makes a repository of the folder, with the workflow in it and all of it committed. */
export function commitWorkflow(folder: string, workflow: WorkflowRun): void {
  mkdirSync(join(folder, '.github/workflows'), { recursive: true });
  writeFileSync(join(folder, WORKFLOW_PATH), workflowText(workflow));
  const git = (...args: readonly string[]): void =>
    void execFileSync('git', ['-C', folder, ...args], {
      stdio: 'pipe',
      env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' },
    });
  git('-c', `init.defaultBranch=${BRANCH}`, 'init', '-q');
  git('add', '-A');
  const author = ['-c', 'user.name=replay', '-c', 'user.email=replay@attacker.test'];
  git(...author, 'commit', '-q', '--no-gpg-sign', '-m', 'replay');
}

/** The payload of the case's event. What the attacker writes in it lies over what any such event has. */
export function payloadOf(
  workflow: WorkflowRun,
  canary: string,
): Readonly<Record<string, unknown>> | undefined {
  if (workflow.event === 'push') return undefined;
  return {
    pull_request: { number: 1, title: 'a title', head: { ref: 'topic' }, ...workflow.payload?.(canary) },
  };
}

/** The operator's file: it vouches for the repository, so that a push to its branch may hold the secret. */
export function writeOperatorFile(folder: string, repository: string): void {
  mkdirSync(join(folder, 'cofferdam'), { recursive: true });
  const file = join(folder, 'cofferdam/cofferdam.yaml');
  writeFileSync(
    file,
    JSON.stringify({
      version: 1,
      trust: { repositories: [{ name: 'local/work', path: repository, protectedBranches: [BRANCH] }] },
      zones: { internal: { secrets: { allow: ['TOKEN'] } } },
    }),
  );
  chmodSync(file, 0o600);
}
