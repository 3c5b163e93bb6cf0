import { execFile } from 'node:child_process';
import { copyFileSync, lstatSync } from 'node:fs';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { SeLinuxLabels } from './labels.ts';
import { type Asks, askKernel } from './policy-questions.ts';

const WITHIN_MS = 60_000;
const MOST_OUTPUT = 2 ** 20;
const READ = { dir: ['search', 'open', 'read', 'getattr'], file: ['open', 'read', 'getattr'] } as const;
const WRITE = { dir: [...READ.dir, 'write', 'add_name'], file: [...READ.file, 'write'] } as const;

/** A place of the host that is bound into the sandbox. */
export interface Shown {
  readonly source: string;
  readonly written: boolean;
}

/**
 * Gives the sandbox's own files their labels: the root's tree, unless its file system was mounted with one, and a copy of the
 * program that process 1 is, as where the package lies says nothing of its label. Refused when a place of the host's that the
 * job is to see has a label that the policy keeps from it: nobody's files are ever given another one.
 */
export async function layLabels(
  labels: SeLinuxLabels,
  at: { readonly root?: string; readonly program: string; readonly copy: string },
  shown: readonly Shown[],
): Promise<Result<undefined, Refusal>> {
  copyFileSync(at.program, at.copy);
  const set = [
    run('chcon', ['--', labels.program, at.copy]),
    ...(at.root === undefined ? [] : [run('chcon', ['--recursive', '--', labels.root, at.root])]),
  ];
  const failed = (await Promise.all(set)).find((one) => !one.ok);
  if (failed !== undefined && !failed.ok) return failed;
  return shownHeld(labels, shown);
}

async function shownHeld(
  { job }: SeLinuxLabels,
  shown: readonly Shown[],
  ask: Asks = askKernel,
): Promise<Result<undefined, Refusal>> {
  const seen = await labelsOf(shown.map(({ source }) => source));
  if (!seen.ok) return seen;
  for (const [at, { source, written }] of shown.entries()) {
    const label = seen.value[at] ?? '';
    const kind = lstatSync(source).isDirectory() ? 'dir' : 'file';
    const may = ask(job, label, kind, (written ? WRITE : READ)[kind]);
    if (may === 'all') continue;
    const type = written ? 'cofferdam_file_t' : 'cofferdam_root_t';
    return err(
      refusal(
        'machine',
        'sandbox/selinux-label',
        `SELinux would keep ${source} from the job: its label is ${label || 'unknown'}`,
        `chcon --recursive --type ${type} --range s0 -- ${source}; or restorecon -R where the system's own files have lost their labels`,
      ),
    );
  }
  return ok(undefined);
}

/** The labels of places, in their order. */
export async function labelsOf(paths: readonly string[]): Promise<Result<readonly string[], Refusal>> {
  if (paths.length === 0) return ok([]);
  const said = await run('stat', ['--dereference', '--format=%C', '--', ...paths]);
  return said.ok ? ok(said.value.trimEnd().split('\n')) : said;
}

function run(program: string, args: readonly string[]): Promise<Result<string, Refusal>> {
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      {
        timeout: WITHIN_MS,
        maxBuffer: MOST_OUTPUT,
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
        cwd: '/',
      },
      (error, out, said) => {
        if (error === null) return resolve(ok(out));
        return resolve(
          err(
            refusal(
              'machine',
              'sandbox/selinux-not-labelled',
              `the sandbox's files could not be given their labels: ${program}: ${said.trim().slice(0, 300) || error.message}`,
              'see what cofferdam doctor says of this machine',
            ),
          ),
        );
      },
    );
  });
}
