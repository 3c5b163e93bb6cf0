import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Host } from './command.fixture.ts';

// A machine that enforces SELinux, for which there is no policy of ours: the lack must be named, and can be refused.

const NAMED =
  /absent: SELinux is enforced here, this version has no policy for jobs, and process 1 is in system_u:system_r:whole_t/;
let host: Host;
beforeEach(() => {
  expect(readFileSync('/sys/fs/selinux/enforce', 'utf8')).toBe('1');
});
afterEach(() => host.remove());

describe('on a machine that enforces SELinux', () => {
  test('a job runs, and its record and doctor name the wall that is not there and the context it has', () => {
    host = new Host();
    const ran = host.script('"$@"', host.command('exec', '--apply', 'never', '--', 'echo', 'ran'));
    expect(ran.stdout, ran.all).toContain('ran');
    expect(host.script('cat "$COFFERDAM_STATE"/runs/*/record/*', []).stdout).toMatch(NAMED);
    const doctor = host.script('"$@"', host.command('doctor', '--json'));
    const lines = doctor.stdout.split('\n').filter(Boolean);
    const line = lines
      .map((one) => JSON.parse(one) as { name: string })
      .find(({ name }) => name === 'selinux');
    expect(line, doctor.all).toMatchObject({ held: false, seen: expect.stringMatching(NAMED) });
  });

  test('a zone that asks for SELinux refuses the job', () => {
    host = new Host('zones: {untrusted: {isolation: {secondWalls: [selinux]}}}');
    const ran = host.script('"$@"', host.command('exec', '--apply', 'never', '--', 'echo', 'ran'));
    expect(ran.status, ran.all).toBe(125);
    expect(ran.stderr).toContain('isolation/second-wall');
    expect(ran.stderr).toMatch(NAMED);
    expect(ran.stdout).toBe('');
  });
});
