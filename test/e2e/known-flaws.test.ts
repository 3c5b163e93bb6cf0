import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place, ROOT } from './cofferdam.fixture.ts';

let place: Place;
let config = '';
beforeEach(() => {
  place = new Place();
  config = join(place.directory, 'config');
  mkdirSync(join(config, 'cofferdam'), { recursive: true });
  mkdirSync(join(place.directory, 'work'));
});
afterEach(() => place.remove());

/**
 * Runs the command line where the runtime says that it is another release, in a mount namespace of its own: the program over runc
 * is of no package, and hands on to the real one.
 */
function withRuntime(release: string, args: readonly string[]) {
  const runc = spawnSync('sh', ['-c', 'PATH=$PATH:/usr/sbin:/sbin command -v runc'], {
    encoding: 'utf8',
  }).stdout.trim();
  const real = join(place.directory, 'real');
  const other = join(place.directory, 'other');
  writeFileSync(real, '');
  writeFileSync(
    other,
    `#!/bin/sh\n[ "$1" = --version ] && { echo "runc version ${release}"; exit; }\nexec ${real} "$@"\n`,
    { mode: 0o755 },
  );
  const dpkg = 'for f in /var/lib/dpkg/info/runc.list; do [ ! -e $f ] || mount --bind /dev/null $f; done';
  const script = `mount --bind ${runc} ${real} && mount --bind ${other} ${runc} && ${dpkg} && exec "$@"`;
  const command = [process.execPath, join(ROOT, 'dist/cofferdam.mjs'), ...args];
  return spawnSync('unshare', ['-m', '--propagation', 'private', 'sh', '-c', script, 'sh', ...command], {
    cwd: join(place.directory, 'work'),
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nonexistent',
      XDG_CACHE_HOME: join(place.directory, 'cache'),
      XDG_CONFIG_HOME: config,
      COFFERDAM_STATE: place.state,
    },
  });
}

function accept(until: string): void {
  const accepted = `{cve: CVE-2024-21626, reason: only for this test, until: ${until}}`;
  writeFileSync(
    join(config, 'cofferdam/cofferdam.yaml'),
    `version: 1\nzones: {untrusted: {isolation: {acceptKnown: [${accepted}]}}}\n`,
    { mode: 0o600 },
  );
}

const EXEC = ['exec', '--apply', 'never', '--', 'true'];

describe('a runtime with a published flaw', () => {
  test('runs no job that nobody vouches for, and the flaw is named with what mends it', () => {
    const ran = withRuntime('1.1.11', EXEC);
    expect(ran.status, ran.stderr).toBe(125);
    expect(ran.stderr).toContain('CVE-2024-21626');
    expect(ran.stderr).toContain('update runc');
  });

  test('runs it when the operator accepted the flaw, with the reason in the record, and not after that day', () => {
    accept('2099-01-31');
    const ran = withRuntime('1.1.11', ['run', '--json', join(ROOT, 'examples/hello')]);
    expect(ran.status, ran.stdout + ran.stderr).toBe(0);
    expect(ran.stdout).toContain('until 2099-01-31: only for this test');
    accept('2026-01-31');
    expect(withRuntime('1.1.11', EXEC).stderr).toContain('it was accepted until 2026-01-31');
  });

  test('is no longer one in a release that mended it; what is left is out of reach, and doctor says so', () => {
    const ran = withRuntime('1.1.12', ['doctor', '--json']);
    const line = ran.stdout.split('\n').find((one) => one.includes('known flaws (runc)')) ?? '';
    expect(JSON.parse(line)).toMatchObject({ held: true });
    expect(line).toContain('runc 1.1.12');
    expect(line).toContain('not reachable: CVE-2024-45310, CVE-2025-31133');
    expect(line).not.toContain('CVE-2024-21626');
  });
});
