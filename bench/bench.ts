import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ulid } from '../src/base/index.ts';
import { openCell } from '../src/engine/cell/open-cell.ts';
import { sandboxFolder } from '../src/engine/cell/sandbox-folder.ts';
import { defaultControls } from '../src/zone/index.ts';
import { checkTimes } from './check.ts';
import { gatewayTimes } from './gateway.ts';
import { endBySignal, OpenThings } from './open-things.ts';
import { telemetryCost } from './telemetry.ts';
import { TIER_OF } from '../src/config/index.ts';
import { ALL_RUNTIMES, tierTimes } from './tiers.ts';

// Ratios against peers measured in the same run: machines are noisy, and a time by itself says nothing.

const ROOT = join(import.meta.dirname, '..');
const ROUNDS = 15;
const BOOTS = 5;
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const things = new OpenThings();
const environment = {
  PATH: process.env['PATH'] ?? '',
  HOME: folder,
  COFFERDAM_STATE: join(folder, 'state'),
  XDG_CACHE_HOME: join(folder, 'cache'),
};

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function time(program: string, args: readonly string[], cwd = folder): Promise<number | undefined> {
  const took: number[] = [];
  for (let i = 0; i < ROUNDS + 2; i += 1) {
    const from = performance.now();
    if (!(await things.ran(program, args, cwd, environment))) return undefined;
    if (i >= 2) took.push(performance.now() - from);
  }
  return median(took);
}

function row(name: string, value: number | undefined, base: number | undefined, unit = 'ms'): void {
  const shown = value === undefined ? 'not on this machine' : `${value.toFixed(1)} ${unit}`;
  const ratio = value === undefined || base === undefined ? '' : `${(value / base).toFixed(2)}x`;
  process.stdout.write(`  ${name.padEnd(46)} ${shown.padStart(20)} ${ratio.padStart(8)}\n`);
}

/** A bundle by the runtime's own template, with a user namespace, as the bare peer. */
async function bareRuntime(): Promise<number | undefined> {
  const bundle = join(folder, 'bundle');
  mkdirSync(join(bundle, 'rootfs/usr'), { recursive: true });
  for (const name of ['proc', 'dev', 'sys', 'etc']) mkdirSync(join(bundle, 'rootfs', name));
  execFileSync('sh', ['-c', 'for l in bin lib lib64; do ln -s usr/$l rootfs/$l; done'], { cwd: bundle });
  try {
    execFileSync('runc', ['spec'], { cwd: bundle });
  } catch {
    return undefined;
  }
  const script = `
    const c = JSON.parse(require('fs').readFileSync('config.json'));
    c.process.terminal = false; c.process.args = ['/usr/bin/true'];
    c.mounts.push({ destination: '/usr', type: 'bind', source: '/usr', options: ['bind', 'ro'] });
    require('fs').writeFileSync('config.json', JSON.stringify(c));`;
  execFileSync(process.execPath, ['-e', script], { cwd: bundle });
  return time('runc', ['--root', join(folder, 'runc'), 'run', 'bench-bare'], bundle);
}

/** The same bundle, by gVisor alone: no network, no limits. */
async function bareGvisor(): Promise<number | undefined> {
  const root = join(folder, 'runsc');
  const flags = ['--root', root, '--platform=systrap', '--network=none', '--ignore-cgroups'];
  // It keeps a network namespace mounted in its own folder.
  const kept = await things.hold(
    () => join(root, 'null-netns'),
    (path) => (existsSync(path) ? execFileSync('umount', [path]) : undefined),
  );
  const took = await time('runsc', [...flags, 'run', 'bench-bare'], join(folder, 'bundle'));
  await kept.close();
  return took;
}

const BWRAP = [
  '--ro-bind',
  '/usr',
  '/usr',
  '--symlink',
  'usr/lib',
  '/lib',
  '--symlink',
  'usr/lib64',
  '/lib64',
  '--unshare-all',
];

async function wholeCommand(): Promise<void> {
  process.stdout.write('one command, as a whole process (ratio: against Node.js starting)\n');
  const node = await time(process.execPath, ['-e', '0']);
  row('node -e 0', node, node);
  row('bubblewrap true (no limits, no filter)', await time('bwrap', [...BWRAP, '/usr/bin/true']), node);
  row('bare OCI runtime, true', await bareRuntime(), node);
  row('bare gVisor, true', await bareGvisor(), node);
  row('sandbox-runtime: srt true (no limits, no record)', await time('srt', ['true'], work()), node);
  row(
    'cofferdam exec -- true (gateway, probe, record)',
    await time(process.execPath, [join(ROOT, 'dist/cofferdam.mjs'), 'exec', '-q', '--', 'true'], work()),
    node,
  );
  process.stdout.write(
    'the same small build: 200 programs started, 2,000 files written (ratio: against bubblewrap)\n',
  );
  const build =
    'i=0; while [ $i -lt 200 ]; do /usr/bin/true; i=$((i+1)); done; i=0; while [ $i -lt 2000 ]; do echo x >f$i; i=$((i+1)); done';
  const bwrap = await time('bwrap', [
    ...BWRAP,
    '--bind',
    work(),
    '/work',
    '--chdir',
    '/work',
    '/usr/bin/sh',
    '-c',
    build,
  ]);
  row('bubblewrap', bwrap, bwrap);
  row('sandbox-runtime', await time('srt', ['sh', '-c', build], work()), bwrap);
  row(
    'cofferdam exec',
    await time(
      process.execPath,
      [join(ROOT, 'dist/cofferdam.mjs'), 'exec', '-q', '--', 'sh', '-c', build],
      work(),
    ),
    bwrap,
  );
}

function work(): string {
  const path = join(folder, 'work');
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'file'), 'x');
  return path;
}

async function inside(): Promise<void> {
  const runId = ulid(Date.now(), randomBytes(10));
  const opening = () =>
    openCell({
      runId,
      jobId: 'bench',
      controls: defaultControls('untrusted', { memoryBytes: 8e9, cpus: 2 }),
      root: { kind: 'host' },
      workspace: { path: '/work' },
      readPaths: [],
      writePaths: [],
      files: [],
      temporary: [],
      hostname: 'bench',
      allow: [],
      resolver: { kind: 'static', addresses: {} },
      scratch: sandboxFolder(runId, 'bench'),
      journal: { write: async () => undefined },
    });
  const { it: opened, close } = await things.hold(opening, (cell) =>
    cell.ok ? cell.value.close() : undefined,
  );
  if (!opened.ok) throw new Error(opened.error.why);
  const cell = opened.value;
  const run = async (argv: readonly [string, ...string[]]): Promise<string> => {
    const process_ = cell.sandbox.start({
      stepId: 'bench',
      argv,
      environment: { PATH: '/usr/bin:/bin' },
      workingDirectory: '/work',
    });
    process_.stdin.end();
    let out = '';
    process_.stdout.on('data', (part: Buffer) => {
      out += part.toString('utf8');
    });
    process_.stderr.resume();
    await process_.exited;
    await new Promise((resolve) => setImmediate(resolve));
    return out;
  };
  try {
    process.stdout.write('a further step in a running sandbox (ratio: against the same in a plain shell)\n');
    const plain = await time('/bin/bash', ['-e', '-c', 'true']);
    const steps: number[] = [];
    for (let i = 0; i < 60; i += 1) {
      const from = performance.now();
      await run(['bash', '-e', '-c', 'true']);
      steps.push(performance.now() - from);
    }
    row('bash -e -c true, outside', plain, plain);
    row('bash -e -c true, as a step', median(steps), plain);
  } finally {
    await close();
  }
}

async function tiers(): Promise<void> {
  process.stdout.write(
    'a job in each tier: armed and proven, one step, nothing left (ratio: against the first)\n',
  );
  let first: Exclude<Awaited<ReturnType<typeof tierTimes>>, { why: string }> | undefined;
  for (const runtime of ALL_RUNTIMES) {
    const times = await tierTimes(runtime, TIER_OF[runtime] === 'microvm' ? BOOTS : ROUNDS, things);
    if ('why' in times) {
      process.stdout.write(`  ${runtime.padEnd(46)} ${times.why}\n`);
      continue;
    }
    first ??= times;
    row(`${runtime}: start`, times.startMs, first.startMs);
    row(`${runtime}: a step`, times.stepMs, first.stepMs);
    row(`${runtime}: teardown`, times.teardownMs, first.teardownMs);
  }
}

// `npm run bench -- gateway` measures that part alone.
const PARTS: Readonly<Record<string, () => void | Promise<void>>> = {
  command: wholeCommand,
  tiers,
  step: inside,
  gateway: () =>
    gatewayTimes(folder, Number(process.env['BENCH_ROUNDS'] ?? 5), process.env['BENCH_PROXIES'], things),
  telemetry: () => telemetryCost(row, things),
  check: () => checkTimes(folder, ROOT, environment, things),
};
const asked = process.argv.slice(2);
endBySignal(things, () => rmSync(folder, { recursive: true, force: true }));
try {
  for (const [name, part] of Object.entries(PARTS))
    if (asked.length === 0 || asked.includes(name)) await things.during(async () => part());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
