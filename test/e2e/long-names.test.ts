import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Place } from './cofferdam.fixture.ts';
import { leftBehindAfter } from './left-behind.fixture.ts';

test('jobs of long names that differ only at their end run like any other, and leave nothing', async () => {
  const place = new Place();
  try {
    const repository = join(place.directory, 'repo');
    mkdirSync(join(repository, '.github/workflows'), { recursive: true });
    const job = (end: string): string =>
      `  build_${'and-test-everything-'.repeat(4)}${end}:
    runs-on: ubuntu-latest
    steps: [{ run: 'echo of ${end}' }]
`;
    writeFileSync(join(repository, '.github/workflows/ci.yml'), `on: push\njobs:\n${job('x')}${job('y')}`);
    const ran = await place.run(['run', repository, '--verbose']);
    expect(ran.stdout).toContain('of x');
    expect(ran.stdout).toContain('of y');
    expect(ran.status, ran.stderr).toBe(0);
    const run = readdirSync(join(place.state, 'runs')).at(-1) ?? 'none';
    expect(await leftBehindAfter([run, place.directory])).toEqual([]);
  } finally {
    place.remove();
  }
});
