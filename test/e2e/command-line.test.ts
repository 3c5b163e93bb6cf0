import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place, ROOT } from './cofferdam.fixture.ts';

let place: Place;
let repository = '';
beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repository');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
});
afterEach(() => place.remove());

function workflow(name: string, text: string): void {
  writeFileSync(join(repository, '.github/workflows', name), text);
}

const run = (...args: readonly string[]) => place.run(args, { cwd: repository });
const JOB = 'runs-on: ubuntu-latest';

describe('the command line', () => {
  test.each([
    [['rnu'], 'did you mean cofferdam run?'],
    [['ci.yml'], 'cofferdam run "ci.yml"'],
    [['run', '--evnt', 'push'], 'did you mean --event?'],
    [['plan', '--jsno'], 'did you mean --json?'],
  ])('names the nearest to %j, and ends with 2', async (args, meant) => {
    const ran = await run(...args);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain(`fix: ${meant}`);
    expect(ran.stdout).toBe('');
  });

  test('says how exec is meant when the -- is left out', async () => {
    expect((await run('exec', 'npm', 'ci')).stderr).toContain('fix: cofferdam exec -- npm ci\n');
  });

  test('has help with an example at every level, by each of its names', async () => {
    const top = await run('--help');
    const commands = [...top.stdout.matchAll(/^ {2}(\w+) {2,}\w/gm)].map(([, name]) => name ?? '');
    expect(commands).toContain('run');
    for (const name of commands) {
      const help = await run(name, '--help');
      expect(help.status).toBe(0);
      expect(help.stdout, name).toMatch(/^usage: cofferdam /);
      expect(help.stdout, name).toMatch(/^examples?: cofferdam /m);
      expect(await run('help', name)).toEqual(help);
    }
  });

  test('paints only a terminal that wants it', async () => {
    workflow('ci.yml', `on: push\njobs: { a: { ${JOB}, steps: [{ run: 'true' }] } }\n`);
    expect((await run('run')).stdout).not.toContain('\u001b');
    const terminal = (env: Readonly<Record<string, string>>) =>
      spawnSync('script', ['-qec', `${process.execPath} ${ROOT}/dist/cofferdam.mjs run`, '/dev/null'], {
        cwd: repository,
        encoding: 'utf8',
        input: '',
        env: {
          PATH: process.env['PATH'],
          HOME: '/nonexistent',
          COFFERDAM_STATE: place.state,
          TERM: 'xterm',
          ...env,
        },
      }).stdout;
    expect(terminal({})).toContain('\u001b[32mPASSED');
    const plain = terminal({ NO_COLOR: '1', CI: '1' });
    expect(plain).toContain('PASSED');
    expect(plain).not.toContain('\u001b');
  });

  test('plans the jobs that are meant, and says of one that gets the same as another no more than that', async () => {
    const steps = "steps: [{ run: 'true' }]";
    workflow('ci.yml', `on: push\njobs: { a: { ${JOB}, ${steps} }, b: { ${JOB}, ${steps} } }\n`);
    const both = await run('plan');
    expect(both.stdout).toContain('  b   the same as a\n');
    expect(both.stdout.match(/^ {4}zone /gm)).toHaveLength(1);
    const one = await run('plan', '--job', 'b');
    expect(one.stdout).toMatch(/^ {2}b\n {4}zone /m);
    expect(one.stdout).not.toMatch(/^ {2}a$/m);
  });

  test('tells each line’s job when there are several, why one was skipped, and that none ran', async () => {
    workflow(
      'ci.yml',
      `on: push\njobs:\n  a: { ${JOB}, if: "github.actor == 'nobody-else'", steps: [{ run: x }] }\n  b: { ${JOB}, needs: a, steps: [{ run: x }] }\n`,
    );
    const ran = await run('run');
    expect(ran.stdout).toContain(
      "a │  a        skipped   its if does not hold: github.actor == 'nobody-else'",
    );
    expect(ran.stdout).toContain('b │  b        skipped   a job that it needs did not succeed');
    expect(ran.stdout).toContain('PASSED  no job ran');
    expect(ran.status).toBe(0);
  });

  test('of several workflows names those that can be run when one cannot, and runs none', async () => {
    workflow('good.yml', `on: push\njobs: { a: { ${JOB}, steps: [{ run: echo ran }] } }\n`);
    workflow('call.yml', 'on: push\njobs: { a: { uses: o/r/.github/workflows/x.yml@v1 } }\n');
    workflow('other.yml', 'on: release\njobs: { a: { uses: o/r/.github/workflows/x.yml@v1 } }\n');
    const ran = await run('run');
    expect(ran.status).toBe(2);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toContain('call.yml:2:14: uses of a job is not supported yet');
    expect(ran.stderr).toContain('fix: name one that can: .github/workflows/good.yml');
    expect(ran.stderr).not.toContain('other.yml');
    expect((await run('run', 'good.yml')).status).toBe(0);
    expect((await run('plan', 'other.yml')).status).toBe(0);
  });

  test('runs the combinations of a matrix that were asked for, and refuses a choice that leaves none', async () => {
    workflow(
      'ci.yml',
      `on: push\njobs: { a: { runs-on: '\${{ matrix.os }}', strategy: { matrix: { os: [ubuntu-latest, macos-latest], n: [1, 2] } }, steps: [{ run: 'echo n is \${{ matrix.n }}' }] } }\n`,
    );
    expect((await run('run')).stderr).toContain('leave the others out: --matrix os=ubuntu-latest');
    const some = await run('run', '-v', '--matrix', 'os=ubuntu-latest', '--matrix', 'n=2');
    expect(some.stdout).toContain('n is 2');
    expect(some.stdout).not.toContain('n is 1');
    const none = await run('run', '--matrix', 'os=ubuntu-latest', '--matrix', 'n=3');
    expect(none.status).toBe(2);
    expect(none.stdout).toContain('choose among');
  });

  test('gives machines JSON that docs/output.md describes', async () => {
    workflow('ci.yml', `on: push\njobs: { a: { ${JOB}, steps: [{ run: 'true' }] } }\n`);
    const page = readFileSync(join(ROOT, 'docs/output.md'), 'utf8');
    const keysOf = (line: string | undefined) =>
      Object.keys(JSON.parse(line ?? '') as Record<string, unknown>);
    const described = (name: string, keys: readonly string[]) => {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``)) ?? '';
      expect(
        keys.filter((key) => !row.includes(`\`${key}\``)),
        name,
      ).toEqual([]);
    };
    const exec = await run(
      'exec',
      '--json',
      '--',
      'sh',
      '-c',
      'getent hosts collector.test; echo out; exit 3',
    );
    expect(exec.stdout).toBe('out\n');
    const last = exec.stderr.trim().split('\n').at(-1);
    described('exec', keysOf(last));
    expect(JSON.parse(last ?? '')).toMatchObject({
      verdict: 'failed',
      exit: { code: 3, signal: null },
      status: 3,
      denials: expect.arrayContaining([expect.objectContaining({ what: 'resolve  collector.test' })]),
    });
    const plan = await run('plan', '--json');
    described('plan', keysOf(plan.stdout.trim()));
    const doctor = await run('doctor', '--json');
    for (const line of doctor.stdout.trim().split('\n')) described('doctor', keysOf(line));
    const events = (await run('run', '--json')).stdout.trim().split('\n');
    expect(JSON.parse(events.at(-1) ?? '')).toMatchObject({ type: 'run.finished', verdict: 'passed' });
  });

  test('where no namespaces can be made says so with what mends it, and ends with 69', () => {
    const ran = spawnSync('unshare', ['-U', process.execPath, join(ROOT, 'dist/cofferdam.mjs'), 'doctor'], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
    });
    expect(ran.stdout).toMatch(
      /✗ hardened-container .*(?:can make no namespaces here|only root can make the namespaces)/,
    );
    expect(ran.stdout).toContain('run the same command with sudo');
    expect(ran.status).toBe(69);
  });
});
