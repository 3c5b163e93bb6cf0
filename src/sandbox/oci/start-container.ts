import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { RuntimeConfig } from './runtime-spec.ts';

export interface Container {
  readonly control: Duplex;
  readonly initPid: number;
  /** What process 1 and the runtime said on standard error, bounded. */
  readonly said: () => string;
}

const START_TIMEOUT_MS = 60_000;
const MAX_SAID = 4_096;

/** What starts a container: a runtime's program, how it is called, and the control groups that it must begin in. */
export interface Starting {
  readonly runtime: string;
  readonly command: readonly [string, ...string[]];
  /** What the runtime is given beside a search path. */
  readonly environment: Readonly<Record<string, string>>;
  readonly config: RuntimeConfig;
  readonly bundle: string;
  readonly pidFile: string;
  /** Absent or empty: the runtime makes its own. */
  readonly cgroupFiles?: readonly string[];
  /** `cgroup.procs` of the group in which all of it runs, once that is there; absent: no group holds it. */
  readonly held?: string;
}

/**
 * Enters each control group and runs the program; ends when it cannot. When we end before it did, the runtime and everything in the
 * sandbox's group is killed: the first program of runc can be left without its runtime at a moment at which it neither goes on nor
 * ends (1.1.5 takes a whole processor then), and only a signal from outside ends the first process of a namespace. A shell gives
 * what it starts beside itself the machine's /dev/null to read, which crun would give away: it is handed what we have.
 */
const HELD = `held=$1 groups=
shift
while [ "$1" != -- ]; do groups="$groups $1"; shift; done
shift
trap 'kill -STOP $runtime; kill -KILL $(cat /proc/$runtime/task/*/children) $runtime
for n in 1 2 3 4 5; do while read -r p; do kill -KILL $p; done <"$held"; sleep 0.02; done; exit 70' TERM
exec 9<&0
(exec 0<&9 9<&-; for g in $groups; do echo 0 >"$g" || exit 70; done; exec "$@") &
runtime=$!
wait $runtime`;

/** A runtime whose caller was killed would wait for ever for what no longer answers. */
const UNTIL_WE_END = 'setpriv';
const NOT_FOUND = 127;

/**
 * Has the runtime start the container, detached, with our private descriptor as its process 1's descriptor 3. The
 * runtime is given no environment of ours but a search path. `died` settles when what sees programs has ended: the runtime
 * would wait for its word on the first one, and is not waited for any more.
 */
export async function startContainer(
  starting: Starting,
  died?: Promise<{ readonly why: string }>,
): Promise<Result<Container, Refusal>> {
  const { runtime, bundle, pidFile, held, cgroupFiles = [] } = starting;
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(starting.config));
  const around = held === undefined ? [] : ['/bin/sh', '-c', HELD, 'sh', held, ...cgroupFiles, '--'];
  // crun gives what it has for input and output to the job's user: the machine's own /dev/null must not be that.
  const nothing = openSync(join(bundle, 'nothing'), 'w+', 0o600);
  // A shell in between is told, and kills the rest; without one the runtime is killed by itself.
  const ends = ['--pdeathsig', around.length === 0 ? 'KILL' : 'TERM', '--'];
  const child = spawn(UNTIL_WE_END, [...ends, ...around, ...starting.command], {
    stdio: [nothing, nothing, 'pipe', 'pipe'],
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...starting.environment },
    cwd: '/',
  });
  closeSync(nothing);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    if (said.length < MAX_SAID) said += chunk.toString('utf8');
  });
  const control = child.stdio[3];
  // Node's own time-out of a program that could not be started keeps us waiting for it.
  const stop = (): boolean => child.kill(around.length === 0 ? 'SIGKILL' : 'SIGTERM');
  const late = setTimeout(stop, START_TIMEOUT_MS);
  let unseen: string | undefined;
  void died?.then(({ why }) => {
    unseen = why;
    return stop();
  });
  let cause: string | undefined;
  child.on('error', (error: NodeJS.ErrnoException) => {
    cause = error.code;
  });
  const code = await exitOf(child);
  clearTimeout(late);
  if (cause !== undefined) return err(noRuntime(UNTIL_WE_END, cause));
  if (code === NOT_FOUND) return err(noRuntime(runtime, 'ENOENT'));
  if (code !== 0 || !isDuplex(control)) {
    if (isDuplex(control)) control.destroy();
    return err(
      refusal(
        'machine',
        'sandbox/runtime-failed',
        `${runtime} could not start the sandbox: ${unseen ?? said.trim().split('\n').at(-1) ?? `status ${code}`}`,
        'see what cofferdam doctor says of this machine',
      ),
    );
  }
  // The pipe stays open as long as process 1 lives; it must not keep us alive.
  child.stderr?.on('error', () => undefined);
  return ok({ control, initPid: Number(readFileSync(pidFile, 'utf8')), said: () => said });
}

function noRuntime(runtime: string, cause: string): Refusal {
  return refusal(
    'machine',
    'sandbox/no-runtime',
    `${runtime} cannot be started (${cause})`,
    runtime === UNTIL_WE_END ? 'install it: apt-get install util-linux' : 'install it: apt-get install runc',
  );
}

function isDuplex(stream: unknown): stream is Duplex {
  return typeof stream === 'object' && stream !== null && 'write' in stream && 'read' in stream;
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.on('error', () => resolve(null));
    child.on('exit', (code) => resolve(code));
  });
}
