import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nativeProgram } from '../native-program.ts';
import { readHostFacts } from '../plan/host-facts.ts';
import { JOB } from '../plan/plan-sandbox.fixture.ts';
import { planSandbox } from '../plan/plan-sandbox.ts';
import { InitSession } from '../process/session.ts';
import { Cgroup } from './cgroup.ts';
import { writeRootTree } from './root-files.ts';
import { RUNTIMES_HERE } from './runtimes.fixture.ts';
import { startContainer } from './start-container.ts';
import { startingOf } from './starting.ts';

export const PROGRAM = import.meta.filename;

/** Joins a new session keyring, puts a key in it, and becomes the rest of the arguments. */
export const IN_KEYRING = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
JOIN, ADD = 1, {'x86_64': 248, 'aarch64': 217}[os.uname().machine]
KEYCTL = {'x86_64': 250, 'aarch64': 219}[os.uname().machine]
if libc.syscall(KEYCTL, JOIN, b'canary-session') < 0: raise OSError(ctypes.get_errno(), 'join')
if libc.syscall(ADD, b'user', b'canary', b'held outside', 12, -3) < 0: raise OSError(ctypes.get_errno(), 'add')
os.execvp(sys.argv[1], sys.argv[1:])
`;

/** Looks for the key, and prints what it holds. */
const READ = `
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
KEYCTL = {'x86_64': 250, 'aarch64': 219}[os.uname().machine]
key = libc.syscall(KEYCTL, 10, -3, b'user', b'canary', 0)
if key < 0: print('none', ctypes.get_errno())
else:
    held = ctypes.create_string_buffer(64)
    n = libc.syscall(KEYCTL, 11, key, held, 64)
    print(held.raw[:n].decode() if n > 0 else 'unreadable')
`;

/** A job without a filter, so that only the keyring itself is between it and the key. For a throwaway namespace. */
async function lookForKey(name: string, inherited: boolean): Promise<string> {
  const runtime = RUNTIMES_HERE.find((one) => one.name === name);
  if (runtime === undefined) throw new Error(`no ${name} here`);
  const directory = mkdtempSync('/run/cofferdam-keyring-');
  const places = {
    containerId: `keyring-${directory.slice(-6).toLowerCase()}`,
    rootfs: join(directory, 'rootfs'),
    merged: join(directory, 'merged'),
    exchange: join(directory, 'exchange'),
    init: nativeProgram('init'),
    ids: { root: 0x5000_0000, user: 0x5000_03e9 },
  };
  // The runtime passes through it as the job's own root.
  chmodSync(directory, 0o711);
  for (const folder of [places.merged, places.exchange]) mkdirSync(folder, { mode: 0o755 });
  const host = readHostFacts();
  const job = { ...JOB, readPaths: [], writePaths: [], networkNamespace: '/proc/self/ns/net' };
  const plan = planSandbox(job, host, places);
  if (!plan.ok) throw new Error(plan.error.why);
  const { seccomp: _, ...linux } = plan.value.config.linux;
  const config = { ...plan.value.config, linux } as unknown as typeof plan.value.config;
  writeRootTree(config.root.path, plan.value.tree);
  const starting = startingOf(runtime, config, plan.value, host, directory);
  const command = starting.command.flatMap((word) =>
    word === 'run' && inherited ? [word, '--no-new-keyring'] : [word],
  );
  const started = await startContainer({ ...starting, command: command as [string, ...string[]] });
  if (!started.ok) throw new Error(started.error.why);
  const session = new InitSession(started.value.control);
  session.unproven();
  const process_ = session.start({
    stepId: 's',
    argv: ['python3', '-c', READ],
    environment: { PATH: '/usr/bin:/bin' },
    workingDirectory: '/',
  });
  let said = '';
  for (const stream of [process_.stdout, process_.stderr])
    stream.on('data', (chunk: Buffer) => void (said += chunk.toString('utf8')));
  await process_.exited;
  session.close();
  const cgroup = new Cgroup(host, plan.value.cgroupPath);
  await cgroup.empty(5_000);
  for (let tries = 0; cgroup.remove().length > 0 && tries < 100; tries += 1) await sleep(20);
  rmSync(directory, { recursive: true, force: true });
  return said.trim();
}

if (import.meta.main) {
  const [, , name = '', how] = process.argv;
  process.stdout.write(`${await lookForKey(name, how === 'inherited')}\n`);
  process.exit(0);
}
