import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { nativeProgram } from './native-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'netns-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Makes a namespace whose rules are loaded by a program, and becomes another that says so. */
function made(script: string): { readonly status: number | null; readonly said: string } {
  const loader = join(folder, 'nft');
  writeFileSync(loader, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const ran = spawnSync(nativeProgram('netns'), [loader, '--', '/bin/echo', 'the gateway runs'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'ignore'],
    timeout: 20_000,
  });
  return { status: ran.status, said: ran.stdout + ran.stderr };
}

describe('the gateway’s namespace', () => {
  test('is handed over when its rules are in force', () => {
    expect(made('exec /usr/sbin/nft "$@"')).toEqual({ status: 0, said: 'the gateway runs\n' });
  });

  test.each([
    ['did nothing', 'cat >/dev/null', 'a connection did not arrive'],
    [
      'left out what sends connections to the gateway',
      'grep -v tproxy | /usr/sbin/nft "$@"',
      'a connection did not arrive',
    ],
    [
      'left out what refuses the rest',
      'grep -v -e "reject with" | sed s/drop/accept/ | /usr/sbin/nft "$@"',
      'a datagram was let go',
    ],
  ])('is not, when their loader says that all went well and %s', (_what, script, why) => {
    const { status, said } = made(script);
    expect(said).toContain(`the rules do not hold: ${why}`);
    expect(said).not.toContain('the gateway runs');
    expect(status).toBe(1);
  });
});
