import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Place, ROOT } from '../e2e/cofferdam.fixture.ts';
import { leftBehindAfter } from '../e2e/left-behind.fixture.ts';
import { commandOf, processesOf, seeded } from './victims.fixture.ts';

// At a random moment something of a run is killed: nothing of the job gets out in the gap, nothing is left, the next run is
// clean, and the record verifies up to where it stopped.

const MOMENTS = Number(process.env['COFFERDAM_FAULTS'] ?? 100);
const SEED = Number(process.env['COFFERDAM_SEED'] ?? Date.now() % 1_000_000);
const WITHIN_MS = 450;
const ENDS_WITHIN_MS = 30_000;

let place: Place;
let sink: Server;
let port = 0;
let reached = 0;

beforeAll(async () => {
  place = new Place();
  mkdirSync(join(place.directory, 'work'));
  sink = createServer((socket) => {
    reached += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
  const address = sink.address();
  if (typeof address === 'object' && address !== null) ({ port } = address);
});
afterAll(() => {
  sink.close();
  place.remove();
});

/** What the job does all the time: reach a listener of the machine, and make a file beside its workspace. */
function job(): readonly [string, ...string[]] {
  const file = join(place.directory, 'escaped');
  const script = `for i in $(seq 150); do (exec 3<>/dev/tcp/127.0.0.1/${port}); (: >'${file}'); sleep 0.002; done 2>/dev/null; exit 0`;
  return ['bash', '-c', script];
}

interface Faulted {
  readonly what: string;
  readonly status: number | null;
  readonly runId: string;
}

function runs(): readonly string[] {
  try {
    return readdirSync(join(place.state, 'runs'));
  } catch {
    return [];
  }
}

async function fault(random: () => number): Promise<Faulted> {
  const before = runs();
  const child = spawn(
    process.execPath,
    [
      join(ROOT, 'dist/cofferdam.mjs'),
      'exec',
      '-q',
      '--workdir',
      join(place.directory, 'work'),
      '--',
      ...job(),
    ],
    {
      env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', COFFERDAM_STATE: place.state },
      stdio: 'ignore',
    },
  );
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await Promise.race([sleep(random() * WITHIN_MS), ended]);
  const runId = runs().find((id) => !before.includes(id)) ?? '';
  const what = kill(child, runId, random);
  const status = await Promise.race([ended, sleep(ENDS_WITHIN_MS, 'still runs' as const, { ref: false })]);
  if (status === 'still runs') {
    child.kill('SIGKILL');
    throw new Error(`the run did not end after the death of ${what}`);
  }
  return { what, status, runId };
}

/** One of three times the run itself, else anything that it has started. */
function kill(child: ChildProcess, runId: string, random: () => number): string {
  const others = processesOf(child.pid ?? 0, runId);
  const chosen = random() < 1 / 3 ? undefined : others[Math.floor(random() * others.length)];
  if (chosen === undefined) {
    child.kill('SIGKILL');
    return 'the run itself';
  }
  const command = commandOf(chosen).slice(0, 120);
  try {
    process.kill(chosen, 'SIGKILL');
  } catch {
    return `nothing: ${command} had ended`;
  }
  return command;
}

test('the job of this suite reaches and writes when nothing holds it', () => {
  execFileSync(job()[0], job().slice(1));
  expect(existsSync(join(place.directory, 'escaped'))).toBe(true);
  rmSync(join(place.directory, 'escaped'));
});

test(`whatever is killed, at ${MOMENTS} random moments (seed ${SEED}): nothing gets out, nothing stays, the record verifies`, async () => {
  await sleep(100);
  reached = 0;
  const random = seeded(SEED);
  const killed = new Map<string, number>();
  for (let moment = 0; moment < MOMENTS; moment += 1) {
    const { what, status, runId } = await fault(random);
    const at = `moment ${moment}, killed: ${what}, status ${status}, run ${runId}`;
    killed.set(kindOf(what), (killed.get(kindOf(what)) ?? 0) + 1);
    expect(reached, at).toBe(0);
    expect(existsSync(join(place.directory, 'escaped')), at).toBe(false);
    const next = await place.run(['exec', '-q', '--workdir', join(place.directory, 'work'), '--', 'true']);
    expect(`${next.status} ${next.stderr}`, `the next run; ${at}`).toBe('0 ');
    if (runId === '') continue;
    expect(await leftBehindAfter([runId]), at).toEqual([]);
    const verified = await place.run(['audit', 'verify', runId]);
    expect(verified.stdout, at).toMatch(/^(whole|unfinished) /);
    if (status === 0) expect(verified.stdout, at).toContain('whole');
  }
  process.stdout.write(`killed: ${[...killed].map(([name, count]) => `${name} ${count}`).join(', ')}\n`);
  // A suite that only ever met the one or nothing has seen nothing.
  expect([...killed.keys()].length).toBeGreaterThan(3);
});

function kindOf(what: string): string {
  if (/^(the run|nothing)/.test(what)) return what.split(':')[0] ?? what;
  const name = /gateway\.mjs/.test(what) ? 'gateway' : (what.split(' ')[0]?.split('/').at(-1) ?? what);
  return name === '' ? 'unnamed' : name;
}
