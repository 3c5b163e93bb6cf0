import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sandboxes } from '../../src/engine/cell/sandbox-folder.ts';
import { Place, ROOT } from './cofferdam.fixture.ts';

/** Nobody else on the machine sleeps for so long, not even another run of these tests. */
const SECONDS = 1_000_000 + process.pid;
let place: Place;
let work = '';
beforeEach(() => {
  place = new Place();
  work = join(place.directory, 'work');
  mkdirSync(work);
});
afterEach(() => place.remove());

const SCRIPT = `echo ready; sleep ${SECONDS}`;

function start(...args: readonly string[]) {
  const command = args.length > 0 ? args : ['exec', '--workdir', work, '--', 'sh', '-c', SCRIPT];
  const child = spawn(process.execPath, [join(ROOT, 'dist/cofferdam.mjs'), ...command], {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', COFFERDAM_STATE: place.state },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A shell that is interrupted while it starts a program may go on, as on any machine.
  const ready = new Promise<void>((resolve) => child.stdout.once('data', () => resolve())).then(() =>
    until(() => processesWith(`sleep\u0000${SECONDS}`).length > 0),
  );
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, ready, ended };
}

function gatewayOf(pid: number | undefined): number {
  const found = processesWith('gateway.mjs').find((one) =>
    readFileSync(`/proc/${one}/status`, 'latin1').includes(`PPid:\t${pid}\n`),
  );
  if (found === undefined) throw new Error('it has no gateway');
  return found;
}

function runId(): string {
  return readdirSync(join(place.state, 'runs')).toSorted().at(0) ?? 'none';
}

/** Ids of processes whose arguments hold the text. */
function processesWith(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

async function until(what: () => boolean): Promise<boolean> {
  for (let i = 0; i < 200 && !what(); i += 1) await sleep(25);
  return what();
}

describe('a run that is cut off', () => {
  test('by SIGKILL ends every process at once; the next run removes the rest, and the record verifies up to there', async () => {
    const { child, ready, ended } = start();
    await ready;
    const id = runId();
    const gateways = (): boolean => processesWith(`sleep\u0000${SECONDS}`).length === 0;
    child.kill('SIGKILL');
    await ended;
    expect(await until(gateways)).toBe(true);
    const verified = await place.run(['audit', 'verify', id]);
    expect(verified.stdout).toContain('unfinished');
    expect(verified.status).toBe(1);
    expect((await place.run(['exec', '--workdir', work, '--', 'true'])).status).toBe(0);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(id);
    expect(readdirSync(sandboxes()).filter((name) => name.startsWith(id))).toEqual([]);
    expect(existsSync(join(place.state, 'running', id))).toBe(false);
  });

  test('by an interrupt passes it on to the command, and leaves nothing', async () => {
    const { child, ready, ended } = start();
    await ready;
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    const id = runId();
    expect(readdirSync(sandboxes()).filter((name) => name.startsWith(id))).toEqual([]);
    expect((await place.run(['audit', 'verify', id])).status).toBe(0);
  });

  test('by its gateway being killed is stopped, and says why', async () => {
    const { child, ready, ended } = start();
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    await ready;
    process.kill(gatewayOf(child.pid), 'SIGKILL');
    expect(await ended).toBe(125);
    expect(said).toContain('the gateway ended by itself');
    expect((await place.run(['audit', 'verify', runId()])).status).toBe(0);
  });

  test('by the gateway of its job being killed stops a workflow with 4, says why, and runs nothing more', async () => {
    mkdirSync(join(work, '.github/workflows'), { recursive: true });
    writeFileSync(
      join(work, '.github/workflows/ci.yml'),
      `on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: '${SCRIPT}' }, { run: echo more, if: always() }] } }\n`,
    );
    const { child, ready, ended } = start('run', work, '--verbose');
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    await ready;
    process.kill(gatewayOf(child.pid), 'SIGKILL');
    expect(await ended, said).toBe(4);
    expect(said).toContain('the gateway ended by itself');
    expect(said).toMatch(/^STOPPED /m);
    expect(said).not.toMatch(/│ more/);
    const shown = await place.run(['audit', 'show', runId(), '--json']);
    expect(shown.stdout).toMatch(/"verdict":"stopped"/);
  });
});
