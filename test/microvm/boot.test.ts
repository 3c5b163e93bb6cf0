import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  chooseRuntime,
  type ChosenRuntime,
  type RuntimeConfig,
  type Sandbox,
} from '../../src/sandbox/index.ts';
import { openMicrovm } from '../../src/sandbox/microvm/open-microvm.ts';
import { SANDBOXES } from '../../src/sandbox/oci/here.fixture.ts';
import { defaultControls } from '../../src/zone/index.ts';

const LONG_MS = 200_000;
const found = chooseRuntime({ floor: 'microvm' });
if (!found.ok) throw new Error(`${found.error.why}: ${found.error.fix}`);
const QEMU = found.value;

let namespace: ChildProcess;
let directory = '';
let sandbox: Sandbox | undefined;
beforeEach(async () => {
  directory = mkdtempSync(join(SANDBOXES, 'cofferdam-test-'));
  rmSync(directory, { recursive: true });
  namespace = spawn('unshare', ['-n', 'sh', '-c', 'ip link set lo up; echo up; exec sleep 600']);
  await new Promise((resolve) => namespace.stdout?.once('data', resolve));
});
afterEach(async () => {
  await sandbox?.destroy();
  sandbox = undefined;
  namespace.kill('SIGKILL');
  expect(existsSync(directory)).toBe(false);
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(directory);
});

async function open(
  runtime: ChosenRuntime,
  boots?: readonly [number, number],
  edit?: (config: Weaker) => void,
  gateway?: Promise<boolean>,
) {
  const controls = defaultControls('untrusted', { memoryBytes: 1e9, cpus: 1 });
  const result = await openMicrovm(
    {
      runId: `B${directory.slice(-6)}`,
      jobId: 'test',
      controls,
      root: { kind: 'host' },
      workspace: { path: '/work' },
      readPaths: [],
      writePaths: [],
      files: [],
      temporary: [],
      networkNamespace: `/proc/${namespace.pid}/ns/net`,
      probeName: 'name.probe.invalid',
      hostname: 'sandbox',
    },
    {
      directory,
      observe: () => undefined,
      idSlot: 11,
      runtime,
      ...(edit !== undefined && { namespace: weaken(edit) }),
      ...(gateway !== undefined && { gateway }),
    },
    boots,
  );
  if (result.ok) sandbox = result.value;
  return result;
}

type Plain<T> = T extends readonly (infer E)[]
  ? Plain<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Plain<T[K]> }
    : T;
type Weaker = Plain<RuntimeConfig>;

/** Edits what the guest will be started from, after it was laid and before it boots: the sandbox waits for its network. */
async function weaken(edit: (config: Weaker) => void): Promise<true> {
  const file = join(directory, 'guest/bundle/config.json');
  // The last of what is laid before.
  while (!existsSync(join(directory, 'guest/sockets/trace'))) await sleep(5);
  const config = JSON.parse(readFileSync(file, 'utf8')) as Weaker;
  edit(config);
  writeFileSync(file, JSON.stringify(config));
  return true;
}

describe('a guest that falls silent while it boots', () => {
  test('is made once more, with the same walls, and the receipt says so', async () => {
    const opened = await open(QEMU, [1, LONG_MS]);
    if (!opened.ok) throw new Error(opened.error.why);
    const { machine, checks } = opened.value.receipt;
    expect(machine?.bootedAgain).toContain('did not come within 0.001 s');
    expect(machine?.acceleration).toBe('tcg');
    expect(checks.every(({ held }) => held)).toBe(true);
    expect(checks.length).toBeGreaterThan(120);
  });

  test('is refused when it does so twice, and leaves nothing', async () => {
    const opened = await open(QEMU, [1, 1]);
    expect(opened).toMatchObject({
      ok: false,
      error: { kind: 'machine', rule: 'microvm/stood-still', why: expect.stringMatching(/, twice$/) },
    });
  });

  test('is not made again when something else fails', async () => {
    const opened = await open({ name: 'qemu', program: '/usr/bin/false' });
    expect(opened).toMatchObject({ ok: false, error: { rule: 'microvm/not-booted' } });
  });
});

const mountAt = (config: Weaker, path: string): Weaker['mounts'][number] => {
  const mount = config.mounts.find(({ destination }) => destination === path);
  if (mount === undefined) throw new Error(`nothing is mounted at ${path}`);
  return mount;
};

/** A wall that the runtime in the guest leaves out, and what must name it. */
const WEAKENINGS: readonly (readonly [wall: string, check: string, edit: (config: Weaker) => void])[] = [
  ['the filter', 'seccomp-filter', ({ linux }) => void Reflect.deleteProperty(linux, 'seccomp')],
  [
    'users of its own',
    'host-root-not-mapped',
    ({ linux }) => {
      for (const map of [linux.uidMappings?.[0], linux.gidMappings?.[0]])
        if (map !== undefined) map.hostID = 0;
    },
  ],
  [
    'an ordinary user',
    'ordinary-user',
    ({ process }) => void Object.assign(process.user, { uid: 0, gid: 0 }),
  ],
  ['a limit of files in /tmp', 'mounts-as-planned', (config) => void mountAt(config, '/tmp').options.pop()],
  [
    'limits of what waits for a user',
    'shared-limits-as-planned',
    ({ process }) => void (process.rlimits = []),
  ],
];

test('a guest whose gateway is not armed is not booted', async () => {
  const opened = await open(QEMU, undefined, undefined, Promise.resolve(false));
  expect(opened).toMatchObject({ ok: false, error: { kind: 'machine', rule: 'sandbox/no-gateway' } });
});

describe('a guest in which a wall is missing', () => {
  test.each(WEAKENINGS)('%s: is refused, by name, and not made again', async (_wall, check, edit) => {
    const opened = await open(QEMU, undefined, edit);
    expect(opened).toMatchObject({
      ok: false,
      error: { rule: 'sandbox/not-armed', why: expect.stringContaining(check) },
    });
  });

  test.each([
    ['memory', 'memoryBytes'],
    ['pids', 'pids'],
  ] as const)('a limit of %s: is refused, by name', async (resource, limit) => {
    const opened = await open(QEMU, undefined, ({ linux }) =>
      Reflect.deleteProperty(linux.resources, resource),
    );
    expect(opened).toMatchObject({
      ok: false,
      error: { rule: 'sandbox/limit-not-held', why: expect.stringContaining(limit) },
    });
  });
});
