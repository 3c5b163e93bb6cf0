import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { Place } from './cofferdam.fixture.ts';
import { leftBehindAfter } from './left-behind.fixture.ts';
import { MadeByARun } from './made-by-a-run.fixture.ts';

const place = new Place();
afterAll(() => place.remove());

/** One of each family; `npm run test:replay` runs all, against every runtime. */
const SOME = [
  'runner-memory/proc-mem',
  'masked-secrets/base64',
  'exfiltration-https',
  'allowed-host/other-path-in-tls',
  'tampered-script',
  'injected-agent/reads-and-posts',
  'event-data-injection/title',
  'poisoned-environment/shell-start',
  'forged-commands/set-variable',
  'terminal-output/clipboard',
  'applied-changes/workflow',
  'hostile-repository/filter',
  'dns-tunnel/A',
  'direct-address/udp',
  'metadata-service/by-allowed-name',
  'daemon/outlives-its-job',
  'persistence/git-configuration',
  'bombs/processes',
  'control-removal/sudo',
  'escape/leaked-descriptor',
  'kernel-surface/userfaultfd',
  'shared-objects/posix-shared-memory',
  'silent-downgrade/no-filter',
];

describe('cofferdam replay', () => {
  test('shows attacks that succeed without their control and are contained with it', async () => {
    const ran = await place.run(['replay', ...SOME, '--json', '--junit', 'out.xml']);
    const results = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, string>>);
    expect(results.filter((one) => one['verdict'] !== 'contained')).toEqual([]);
    expect(results.length).toBeGreaterThanOrEqual(SOME.length);
    for (const one of results) {
      expect(one['harmOff']).toBeTruthy();
      expect(one['harmOn']).toBeUndefined();
    }
    expect(ran.status).toBe(0);
    expect(readFileSync(join(place.directory, 'out.xml'), 'utf8')).toContain('failures="0" errors="0"');
  }, 300_000);

  test('leaves the machine’s own devices as they were, whatever a runtime does with what it is started with', async () => {
    const owners = () => ['null', 'zero', 'tty'].map((name) => statSync(`/dev/${name}`).uid);
    const before = owners();
    const ran = await place.run([
      'replay',
      '--every-runtime',
      'escape/leaked-descriptor',
      'silent-downgrade/a-descriptor-left-open',
    ]);
    expect(ran.status, ran.stdout).toBe(0);
    expect(owners()).toEqual(before);
  }, 120_000);

  test('leaves nothing behind when it is ended in the middle', async () => {
    let made: MadeByARun | undefined;
    const ran = await place.run(['replay', ...SOME], {
      until: async (pid) => {
        made = new MadeByARun(pid);
        await made.something();
        await sleep(500);
      },
    });
    expect(ran.status).toBe(130);
    // What another battery on this machine does meanwhile is not its own.
    const own = [...(made?.names ?? [])];
    expect(own).not.toEqual([]);
    expect(await leftBehindAfter(own)).toEqual([]);
  });

  test('lists what there is with stories and sources, and what is pending', async () => {
    const { stdout, status } = await place.run(['replay', '--list']);
    expect(status).toBe(0);
    expect(stdout).toContain('CVE-2025-30066');
    expect(stdout).toContain('https://github.com/advisories/GHSA-mrrh-fwg8-r2c3');
    expect(stdout).toContain('pending: waits for caches');
  });

  test('takes the runtimes that are asked for and no others, also one that is not installed', async () => {
    const replay = (...args: readonly string[]) => place.run(['replay', 'dns-tunnel/A', '--json', ...args]);
    const own = await replay('--runtime', 'runc=/usr/sbin/runc');
    expect(own.status, own.stdout + own.stderr).toBe(0);
    expect(JSON.parse(own.stdout)).toMatchObject({ runtime: 'runc', tier: 'hardened-container' });
    expect(await replay('--runtime', 'runc=/no-such/runc')).toMatchObject({ status: 2 });
    expect(await replay('--runtime', 'docker')).toMatchObject({ status: 2 });
    expect(await replay('--isolation', 'microvm', '--runtime', 'runc')).toMatchObject({ status: 3 });
    // Its own sandbox shows nothing of the machine but what is installed.
    expect(await replay('--runtime', 'qemu=/usr/bin/true')).toMatchObject({ status: 2 });
  });

  test('refuses a name that is none, and an invocation that names nothing', async () => {
    expect(await place.run(['replay', 'no-such-attack'])).toMatchObject({ status: 2 });
    expect(await place.run(['replay'])).toMatchObject({ status: 2 });
  });
});
