import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place, ROOT } from './cofferdam.fixture.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.remove());

/** As a container's root runs it: without the capabilities of the machine's own. */
const inContainer = (...args: string[]) =>
  spawnSync(
    'setpriv',
    [
      '--bounding-set',
      '-sys_admin,-net_admin,-kill',
      process.execPath,
      `${ROOT}/dist/cofferdam.mjs`,
      ...args,
    ],
    {
      cwd: mkdtempSync(join(place.directory, 'work-')),
      encoding: 'utf8',
      timeout: 60_000,
      env: { PATH: process.env['PATH'], HOME: '/nonexistent', COFFERDAM_STATE: place.state },
    },
  );

describe('the root of a container', () => {
  test('is told at once what it lacks and where it would not', () => {
    const ran = inContainer('exec', '--', 'true');
    expect(ran.status).toBe(125);
    expect(ran.stderr).toMatch(
      /^cofferdam: this root has not the rights .* CAP_KILL, CAP_NET_ADMIN, CAP_SYS_ADMIN {2}\[machine\/capabilities\]\n {2}fix: run it on the machine itself.*\n$/,
    );
    const looked = inContainer('doctor');
    expect(looked.status).toBe(69);
    expect(looked.stdout).toContain('fix   run it on the machine itself');
  });
});
