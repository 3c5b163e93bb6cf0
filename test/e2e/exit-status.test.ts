import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place } from './cofferdam.fixture.ts';

let place: Place;
let repository = '';
beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
});
afterEach(() => place.remove());

/** What the newest record says that the process ended with. */
async function recorded(): Promise<unknown> {
  const run = readdirSync(join(place.state, 'runs')).toSorted().at(-1) ?? '';
  const shown = await place.run(['audit', 'show', run, '--json']);
  const events = shown.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type?: string; exitStatus?: unknown });
  return events.find(({ type }) => type === 'run.finished')?.exitStatus;
}

const DENIED = 'exec 3<>/dev/tcp/203.0.113.9/443 || true';

describe('the exit status in the record is the one of the process', () => {
  test.each([
    ['that went well', 'true', [], 0],
    ['that failed', 'false', [], 1],
    ['that was contained', DENIED, [], 0],
    ['that was contained, when no denial is tolerated', DENIED, ['--strict'], 4],
  ] as const)('of a run %s', async (_what, script, args, status) => {
    const steps = JSON.stringify([{ run: script, shell: 'bash {0}' }]);
    writeFileSync(
      join(repository, '.github/workflows/ci.yml'),
      `on: push\njobs: { a: { runs-on: linux, steps: ${steps} } }\n`,
    );
    const ran = await place.run(['run', repository, ...args]);
    expect(ran.status, ran.stdout + ran.stderr).toBe(status);
    expect(await recorded()).toBe(status);
  });

  test('of a run that is interrupted', async () => {
    writeFileSync(
      join(repository, '.github/workflows/ci.yml'),
      'on: push\njobs: { a: { runs-on: linux, steps: [{ run: sleep 987 }] } }\n',
    );
    const ran = await place.run(['run', repository], { killAfterMs: 2_500 });
    expect(ran.status, ran.stderr).toBe(130);
    expect(await recorded()).toBe(130);
  });

  test.each([
    ['that is not there', ['--', '/usr/bin/no-such-program'], 127],
    ['that a signal ended', ['--', 'sh', '-c', 'kill -TERM $$'], 143],
    ['that took too long', ['--timeout', '1s', '--', 'sleep', '30'], 124],
    ['that says 7', ['--', 'sh', '-c', 'exit 7'], 7],
    ['that was contained, when no denial is tolerated', ['--strict', '--', 'bash', '-c', DENIED], 4],
    ['that says 7 after a denial', ['--strict', '--', 'bash', '-c', `${DENIED}; exit 7`], 7],
  ] as const)('of a command %s', async (_what, args, status) => {
    const ran = await place.run(['exec', ...args], { cwd: repository });
    expect(ran.status, ran.stderr).toBe(status);
    expect(await recorded()).toBe(status);
  });
});
