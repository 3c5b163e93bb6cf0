import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place, ROOT } from './cofferdam.fixture.ts';

let place: Place;
let repository = '';
let policy = '';
beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
  mkdirSync(join(place.directory, 'config/cofferdam'), { recursive: true });
  policy = join(place.directory, 'config/cofferdam/cofferdam.yaml');
});
afterEach(() => place.remove());

/** As an editor does that cares: whole or not at all. */
function allow(hosts: string): void {
  const text = `version: 1\nzones: { untrusted: { egress: { allow: [${hosts}] } } }\n`;
  writeFileSync(`${policy}.new`, text, { mode: 0o600 });
  renameSync(`${policy}.new`, policy);
}

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [join(ROOT, 'dist/cofferdam.mjs'), ...args], {
    cwd: repository,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nonexistent',
      XDG_CONFIG_HOME: join(place.directory, 'config'),
      COFFERDAM_STATE: place.state,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => void (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (said.err += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { said, ended };
}

interface Reloaded {
  readonly type: string;
  readonly job?: string;
  readonly refused?: string;
  readonly closed?: readonly string[];
  readonly notGiven?: readonly string[];
}

async function reloads(): Promise<readonly Reloaded[]> {
  const run = readdirSync(join(place.state, 'runs')).toSorted().at(-1) ?? '';
  expect((await place.run(['audit', 'verify', run])).stdout).toMatch(/^whole/);
  const shown = await place.run(['audit', 'show', run, '--json']);
  const lines = shown.stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Reloaded).filter(({ type }) => type === 'policy.reloaded');
}

const until = (condition: () => boolean) => expect.poll(condition, { timeout: 30_000 }).toBe(true);

/** Waits until a name is refused, and says which are. */
const WAIT = `open() { getent ahosts "$1" > /dev/null; }
echo ready
for i in $(seq 300); do open a.test || break; sleep 0.1; done
for name in a.test b.test c.test; do open $name && echo "$name is open" || echo "$name is closed"; done`;

function workflow(script: string, more = ''): void {
  const step = JSON.stringify([{ run: script }]);
  writeFileSync(
    join(repository, '.github/workflows/ci.yml'),
    `on: push\njobs:\n  a: { runs-on: linux, steps: ${step} }\n${more}`,
  );
}

describe('the operator’s file, changed while a job runs', () => {
  test('narrows it in a moment, and jobs that begin later, and gives nothing more', async () => {
    allow('a.test, b.test');
    workflow(
      WAIT,
      `  later: { needs: a, runs-on: linux, steps: [{ run: getent ahosts a.test && echo late-open || echo late-closed }] }\n`,
    );
    const run = start(['run', repository, '--verbose']);
    await until(() => run.said.out.includes('ready'));
    allow('b.test, c.test');
    expect(await run.ended, run.said.out + run.said.err).toBe(0);
    for (const line of ['a.test is closed', 'b.test is open', 'c.test is closed', 'late-closed'])
      expect(run.said.out).toContain(`│ ${line}`);
    expect(run.said.err).toContain(`job a: ${policy} closes a.test\n`);
    expect(run.said.err).toContain(
      'allows more, and a running job is given no more: c.test waits for the next run',
    );
    expect(await reloads()).toMatchObject([
      { job: 'a', closed: ['a.test'], notGiven: ['c.test'] },
      { job: 'later', closed: ['a.test'], notGiven: ['c.test'] },
    ]);
  });

  test('so that it is wrong, gone, or writable by others changes nothing, and says so', async () => {
    allow('a.test, b.test');
    workflow(WAIT);
    const run = start(['run', repository, '--verbose']);
    await until(() => run.said.out.includes('ready'));
    writeFileSync(policy, 'version: 1\nzones: { untrusted: { egress: { allow: [');
    await until(() => run.said.err.includes('nothing came of it: '));
    rmSync(policy);
    await until(() => run.said.err.includes('the file is gone'));
    writeFileSync(policy, 'version: 1\nzones: { untrusted: { egress: { allow: [] } } }\n');
    writeFileSync(`${policy}.new`, 'version: 1\nzones: { untrusted: { egress: { allow: [] } } }\n', {
      mode: 0o666,
      flag: 'w',
    });
    chmodSync(`${policy}.new`, 0o666);
    renameSync(`${policy}.new`, policy);
    await until(() => run.said.err.includes('can be written by everyone'));
    expect(run.said.out).not.toContain('is closed');
    allow('b.test');
    expect(await run.ended).toBe(0);
    expect(run.said.out).toContain('│ a.test is closed');
    expect(run.said.out).toContain('│ b.test is open');
    const told = await reloads();
    expect(told.slice(0, -1).every(({ refused }) => refused !== undefined)).toBe(true);
    expect(told.at(-1)).toMatchObject({ job: 'a', closed: ['a.test'] });
  });

  test('is nothing that a job could write, or cause to be read again', async () => {
    allow('a.test, b.test');
    const text = 'version: 1\\nzones: { untrusted: { egress: { allow: [] } } }\\n';
    workflow(`for place in "$PWD" "$HOME/.config/cofferdam" ${join(place.directory, 'config/cofferdam')} /etc/cofferdam; do
  mkdir -p "$place" 2> /dev/null && printf '${text}' > "$place/cofferdam.yaml" && echo "wrote $place"
done
for target in 1 -1 $PPID; do kill -HUP $target || true; kill -USR2 $target || true; done
sleep 2
getent ahosts a.test > /dev/null && echo still open`);
    const run = start(['run', repository, '--verbose']);
    await run.ended;
    expect(run.said.out).toContain('│ wrote /home/runner');
    expect(run.said.out).toContain('│ still open');
    expect(run.said.err).not.toContain('closes');
    expect(await reloads()).toEqual([]);
    for (const given of [
      join(place.directory, 'config'),
      join(place.directory, 'config/cofferdam'),
      policy,
    ]) {
      const ran = await place.run(['exec', '--write', given, '--', 'true'], {
        cwd: repository,
        env: { XDG_CONFIG_HOME: join(place.directory, 'config') },
      });
      expect(ran.status, given).toBe(125);
      expect(ran.stderr).toContain('may not be given to a sandboxed command');
    }
    rmSync(policy);
    const absent = await place.run(['exec', '--write', join(place.directory, 'config'), '--', 'true'], {
      cwd: repository,
      env: { XDG_CONFIG_HOME: join(place.directory, 'config') },
    });
    expect(absent.status).toBe(125);
  });

  test('takes from a command of exec the ranges that names may lead to', async () => {
    const ranges = (list: string): void => {
      const text = `version: 1\nzones: { untrusted: { egress: { allowRanges: [${list}] } } }\n`;
      writeFileSync(`${policy}.new`, text, { mode: 0o600 });
      renameSync(`${policy}.new`, policy);
    };
    ranges('10.0.0.0/8');
    const run = start(['exec', '--allow', 'a.test', '--', 'sh', '-c', 'echo ready; sleep 4']);
    await until(() => run.said.out.includes('ready'));
    ranges('192.168.0.0/16');
    expect(await run.ended).toBe(0);
    expect(run.said.err).toContain('closes 10.0.0.0/8');
    expect(await reloads()).toMatchObject([{ closed: ['10.0.0.0/8'], notGiven: ['192.168.0.0/16'] }]);
  });
});
