import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { unmountBelow } from './open-workspace.ts';

/** An id that the tests' job runs as; nobody on the host has it. */
export const JOB = 301_234;

/** A private folder of a test's own, for its whole life; what is mounted below it goes first, so that only its own files are removed. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-workspace-'));
  try {
    return await work(folder);
  } finally {
    const gone = await unmountBelow(folder);
    if (gone.ok) rmSync(folder, { recursive: true, force: true });
  }
}

export function mountsBelow(folder: string): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(` ${folder}/`));
}

/** Runs a script as the job would: its own user, no capabilities, in the folder. */
export function asJob(
  folder: string,
  script: string,
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  // Enters the folder as root, since a private folder of root's lies on the way, and then becomes the job.
  const ran = spawnSync(
    'setpriv',
    [
      `--reuid=${JOB}`,
      `--regid=${JOB}`,
      '--clear-groups',
      '--bounding-set=-all',
      '--inh-caps=-all',
      'bash',
      '-c',
      script,
    ],
    { cwd: folder, encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } },
  );
  return { status: ran.status, stdout: ran.stdout, stderr: ran.stderr };
}

/** What a call must have given; a test that gets a refusal instead fails with it. */
export function value<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown },
): T {
  if (result.ok) return result.value;
  throw new Error(JSON.stringify(result.error));
}
