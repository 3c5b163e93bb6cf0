import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place } from './cofferdam.fixture.ts';

let place: Place;
let repository = '';
beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
  writeFileSync(join(repository, 'README'), '');
});
afterEach(() => place.remove());

/** The limit's key, its value in cofferdam.yaml, its value in the record, and what meets it. */
const LIMITS: readonly (readonly [string, string, string, number, string])[] = [
  ['memory', '80MB', 'memoryBytes', 80e6, 'head -c 300000000 /dev/zero | tail'],
  // Not by a shell, which tries again until others have ended.
  [
    'pids',
    '40',
    'pids',
    40,
    "python3 -c \"import subprocess; [subprocess.Popen(['sleep', '60']) for _ in range(60)]\"",
  ],
  ['workspace', '5MB', 'workspaceBytes', 5e6, 'head -c 9000000 /dev/zero > big'],
  ['workspaceInodes', '200', 'workspaceInodes', 200, 'for i in $(seq 400); do : > f$i; done'],
  ['tmp', '5MB', 'tmpBytes', 5e6, 'head -c 9000000 /dev/zero > /tmp/big'],
  ['tmpInodes', '200', 'tmpInodes', 200, 'for i in $(seq 400); do : > /tmp/f$i; done'],
  ['stepTimeout', '500ms', 'stepTimeoutMs', 500, 'sleep 30'],
  ['jobTimeout', '1s', 'jobTimeoutMs', 1_000, 'sleep 30'],
  ['log', '100KB', 'logBytes', 100_000, 'seq 100000'],
];

function workflow(script: string): void {
  const lines = script.split('\n').map((line) => `          ${line}`);
  const text = `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: innocent
        run: echo fine
      - id: greedy
        run: |
${lines.join('\n')}
      - id: after
        if: always()
        run: rm -f big f* /tmp/big /tmp/f*; echo after
`;
  writeFileSync(join(repository, '.github/workflows/ci.yml'), text);
}

function run(limits: string) {
  const config = join(place.directory, 'operator.yaml');
  writeFileSync(config, `version: 1\nzones: {untrusted: {limits: {${limits}}}}\n`, { mode: 0o600 });
  return place.run(['run', repository, '--config', config, '--json']);
}

describe('a limit', () => {
  test.each(LIMITS)(
    '%s of %s ends what exceeds it, with an event that names it, its value and the step',
    async (key, value, name, number, script) => {
      workflow(script);
      const ran = await run(`${key}: ${value}`);
      expect(ran.status, ran.stdout + ran.stderr).toBe(4);
      const hits = ran.stdout
        .split('\n')
        .filter((line) => line.includes('"limit.hit"'))
        .map((line) => JSON.parse(line) as { limit: string; value: number; step: string });
      const step = name === 'jobTimeoutMs' ? 'job' : 'greedy';
      expect(hits).toContainEqual(expect.objectContaining({ limit: name, value: number, step }));
      // What is left of the log is left for all that comes later too.
      const others = hits.filter((hit) => hit.step !== step && hit.limit !== 'logBytes');
      expect(others).toEqual([]);
    },
  );

  test('of a job’s own time cancels it, and fails the run', async () => {
    const text = `on: push
jobs:
  slow:
    runs-on: ubuntu-latest
    timeout-minutes: 0.02
    steps:
      - run: sleep 30
      - run: echo ordinary
      - if: cancelled()
        run: echo cleaning up
  next:
    needs: slow
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: echo 'slow was \${{ needs.slow.result }}'
`;
    writeFileSync(join(repository, '.github/workflows/ci.yml'), text);
    const ran = await place.run(['run', repository, '--verbose']);
    expect(ran.status, ran.stdout + ran.stderr).toBe(1);
    expect(ran.stdout).toContain('slow was cancelled');
    expect(ran.stdout).toMatch(/ {5}│ cleaning up/);
    expect(ran.stdout).not.toMatch(/ {5}│ ordinary/);
    expect(ran.stdout).toContain('FAILED');
  });

  test('of what is kept ends no step: what is beyond it is left out, with an event', async () => {
    workflow('head -c 60000 /dev/zero | tr "\\0" a >> $GITHUB_STEP_SUMMARY');
    const ran = await run('artifacts: 50KB');
    expect(ran.status, ran.stdout + ran.stderr).toBe(0);
    const hit = ran.stdout.split('\n').find((line) => line.includes('"limit.hit"'));
    expect(JSON.parse(hit ?? '{}')).toMatchObject({ limit: 'artifactBytes', step: 'greedy', value: 50_000 });
  });

  test('that one step met and survived does not stop the run; what fails by itself afterwards fails it', async () => {
    workflow('head -c 9000000 /dev/zero > big || true');
    const ran = await run('workspace: 5MB');
    expect(ran.stdout).toContain('"limit.hit"');
    expect(ran.status, ran.stdout + ran.stderr).toBe(0);
    workflow('(head -c 9000000 /dev/zero > big) || true\n');
    const file = join(repository, '.github/workflows/ci.yml');
    writeFileSync(file, `${readFileSync(file, 'utf8')}      - run: exit 3\n`);
    expect((await run('workspace: 5MB')).status).toBe(1);
  });

  test('that is not met is not told, and the same steps pass', async () => {
    workflow('head -c 9000000 /dev/zero > big; seq 1000; head -c 9000000 /dev/zero > /tmp/big');
    const ran = await run('memory: 1GB');
    expect(ran.status, ran.stdout + ran.stderr).toBe(0);
    expect(ran.stdout).not.toContain('limit.hit');
  });
});
