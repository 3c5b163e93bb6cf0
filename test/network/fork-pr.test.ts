import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Place, ROOT } from '../e2e/cofferdam.fixture.ts';

// Needs the package registry of this machine's npm: run by `npm run test:network`.
let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.remove());

test('a fork pull request installs its real dependencies, its attack is contained, its tests run, and the record verifies', async () => {
  const env = {
    HOME: process.env['HOME'] ?? '/root',
    // Where the registry's certificate is from an authority of one's own.
    ...Object.fromEntries(
      ['NODE_EXTRA_CA_CERTS', 'COFFERDAM_EXTRA_CA_CERTS'].flatMap((name) =>
        process.env[name] === undefined ? [] : [[name, process.env[name]]],
      ),
    ),
  };
  const ran = await place.run(['run', join(ROOT, 'examples/fork-pr'), '--event', 'pull_request', '--fork'], {
    env,
  });
  expect(ran.status, ran.stderr + ran.stdout).toBe(0);
  expect(ran.stdout).toContain('CONTAINED');
  expect(ran.stdout).toContain('verified');
  for (const named of [
    'collector.test',
    '169.254.169.254:80',
    '198.51.100.7:443',
    '[2001:db8::7]:443',
    'udp to 198.51.100.7',
    'attempt: write to /etc -> failed: EROFS',
  ]) {
    expect(ran.stdout).toContain(named);
  }
  // Its words for an attempt that got what it wanted.
  expect(ran.stdout).not.toMatch(/\b(?:FOUND|SENT|ANSWERED|CONNECTED)\b/);
});

test('the same install without the registry allowed fails, and names what it wanted', async () => {
  const ran = await place.run(
    ['exec', '--workdir', join(ROOT, 'examples/fork-pr'), '--', 'npm', 'ci', '--fetch-retries=0'],
    { env: { HOME: process.env['HOME'] ?? '/root' } },
  );
  expect(ran.status).not.toBe(0);
  expect(ran.stderr).toContain('! denied  resolve');
});
