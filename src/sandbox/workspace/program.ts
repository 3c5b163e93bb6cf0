import { execFile } from 'node:child_process';
import { type Refusal, type Result, err, ok, refusal } from '../../base/index.ts';
import { nativeProgram } from '../native-program.ts';

/** What the program says when it fails (native/workspace/workspace.c). */
interface Failure {
  readonly failed: string;
  readonly errno: number;
  readonly why: string;
}

/** The steps whose failure a person can mend, with how. */
const FIXES: Readonly<Record<string, string>> = {
  'open-source': 'name the folder by its real path, without links, and see that it exists',
  'map-source': 'update the kernel to 5.12 or later',
  // Its file system has no idmapped mounts, so that a copy in memory was to take its place.
  'copy-source':
    'move the project to a file system that has idmapped mounts (ext4, xfs, btrfs), where it is shown without a copy, or to a machine with more memory',
  'clone-source':
    'work in a folder with nothing mounted below it, on a Linux 5.12 or later; with other folders, as root',
  'user-attributes':
    'use Linux 6.6 or later, whose memory can hold what a copy-on-write folder needs, or run as root',
  'user-namespace':
    'allow user namespaces (sysctl user.max_user_namespaces=15000), and do not run in a chroot',
  overlay: 'load the overlay module (modprobe overlay) and run as root',
  storage: 'run as root',
};

const EDQUOT = 122;
const E2BIG = 7;
const ENAMETOOLONG = 36;

function failure(failed: Failure): Refusal {
  const limit = [EDQUOT, E2BIG, ENAMETOOLONG].includes(failed.errno);
  return refusal(
    limit ? 'limit' : 'machine',
    `workspace/${failed.failed}`,
    `the workspace cannot be made ready: ${failed.failed} failed with ${failed.why}`,
    FIXES[failed.failed] ?? (limit ? 'let the job leave fewer or smaller files' : 'see cofferdam doctor'),
  );
}

/**
 * Runs the native program with a bound on what it prints. It never gets a shell, an environment or input.
 * Fails with the step that failed and why; a program that is missing or killed is a failure too.
 */
export function runProgram(
  values: readonly string[],
  maxOutputBytes = 65_536,
): Promise<Result<Buffer, Refusal>> {
  return new Promise((resolve) => {
    execFile(
      nativeProgram('workspace'),
      values,
      { encoding: 'buffer', env: {}, cwd: '/', maxBuffer: maxOutputBytes, windowsHide: true },
      (error, stdout) => {
        if (error === null) return resolve(ok(stdout));
        return resolve(err(failure(parseFailure(stdout, error.message))));
      },
    );
  });
}

/** Mounts a folder or file at a second place of the control side's, nosuid and nodev. Both are real paths, and of one kind. */
export async function bindHardened(source: string, target: string): Promise<Result<undefined, Refusal>> {
  const done = await runProgram(['bind', source, target]);
  return done.ok ? ok(undefined) : done;
}

/** Makes a folder of the control side's, and all in it, belong to ids that a job has for itself. A link is not followed. */
export async function giveFolder(
  folder: string,
  uid: number,
  gid: number,
): Promise<Result<undefined, Refusal>> {
  const done = await runProgram(['give', folder, String(uid), String(gid)]);
  return done.ok ? ok(undefined) : done;
}

/** Everything written to a folder's file system so far is on disk when it ends. `directory` is a real path. */
export async function syncBelow(directory: string): Promise<Result<undefined, Refusal>> {
  const done = await runProgram(['sync', directory]);
  return done.ok ? ok(undefined) : done;
}

/**
 * Mounts two folders, one over the other, read-only at a third; `unmountBelow` takes it away. All are real paths of the
 * control side's. Nothing of what is below is followed: what is above hides it by name alone. With a label of SELinux's, all
 * of it has that.
 */
export async function mountRoot(
  target: string,
  above: string,
  below: string,
  label?: string,
): Promise<Result<undefined, Refusal>> {
  const done = await runProgram([...labelled(label), 'root', target, above, below]);
  return done.ok ? ok(undefined) : done;
}

/** The first words of a call whose mounts show every file with one label of SELinux's. */
export function labelled(label: string | undefined): readonly string[] {
  return label === undefined ? [] : ['labelled', label];
}

function parseFailure(stdout: Buffer, message: string): Failure {
  try {
    // A list that was begun may stand before the failure, which is the last line.
    const text = stdout.subarray(-8_192).toString('utf8').trimEnd();
    const parsed: unknown = JSON.parse(text.slice(text.lastIndexOf('{"failed":')));
    if (
      typeof parsed === 'object' &&
      parsed !== null &&
      'failed' in parsed &&
      typeof parsed.failed === 'string' &&
      'errno' in parsed &&
      typeof parsed.errno === 'number' &&
      'why' in parsed &&
      typeof parsed.why === 'string'
    ) {
      return { failed: parsed.failed, errno: parsed.errno, why: parsed.why };
    }
  } catch {
    // Fall through: it said nothing that can be read.
  }
  return { failed: 'program', errno: 0, why: message.slice(0, 500) };
}
