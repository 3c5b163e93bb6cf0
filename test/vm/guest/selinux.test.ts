import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { seLinuxHere } from '../../../src/sandbox/selinux/index.ts';
import { LANDLOCK } from '../../../src/sandbox/process/weakening.fixture.ts';
import { Host } from './command.fixture.ts';
import { ACT, FIRST_HOST_ID, UsrWritten } from './usr-written.fixture.ts';

// A machine that enforces SELinux by its distribution's policy, with our module loaded and without.

const NOT_LOADED =
  /absent: SELinux is enforced here, the module cofferdam is not loaded, and process 1 is in system_u:system_r:unconfined_t:s0/;
const JOB = /^system_u:system_r:cofferdam_job_t:s0:c\d+,c\d+$/;
const ASKED = 'zones: {untrusted: {isolation: {secondWalls: [selinux]}}}';
const load = (name: string): void => writeFileSync('/sys/fs/selinux/load', readFileSync(`/results/${name}`));
const enforce = (value: '0' | '1'): void => writeFileSync('/sys/fs/selinux/enforce', value);

let host: Host | undefined;
beforeEach(() => {
  expect(seLinuxHere()).toBe('enforces');
});
afterEach(() => {
  host?.remove();
  host = undefined;
});

function made(operator = ''): Host {
  host = new Host(operator);
  return host;
}
const exec = (on: Host, ...words: readonly string[]) =>
  on.script('"$@"', on.command('exec', '--apply', 'never', ...words));
const record = (of: Host): string => of.script('cat "$COFFERDAM_STATE"/runs/*/record/*', []).stdout;

describe('where SELinux is enforced and the module is loaded', () => {
  test.each(['runc', 'crun'])(
    'a job of %s is confined by it, as it sees itself and as its record says',
    (runtime) => {
      const on = made(`zones: {untrusted: {isolation: {runtime: ${runtime}, secondWalls: [selinux]}}}`);
      writeFileSync(join(on.work, 'given'), 'given');
      const act =
        'cat /proc/self/attr/current; cat given; echo new >made && cat made; python3 -c "print(6*7)"';
      const ran = exec(on, '--', 'sh', '-c', act);
      expect(ran.status, ran.all).toBe(0);
      const [label = '', rest = ''] = ran.stdout.split('\0');
      expect(label, ran.all).toMatch(JOB);
      expect(rest).toBe('givennew\n42\n');
      expect(record(on)).toContain(`enforced: ${label}`);
    },
  );

  test('a job is ended when SELinux only complains from now on', () => {
    const on = made(ASKED);
    const command = on.command('exec', '--apply', 'never', '--', 'sh', '-c', 'echo begun; sleep 600');
    const script =
      '"$@" >out 2>err & for i in $(seq 120); do grep -q begun out && break; kill -0 $! || break; sleep 1; done; echo 0 >/sys/fs/selinux/enforce; wait $! || echo "$?"';
    try {
      const ran = on.script(script, command);
      expect(ran.stdout, readFileSync(join(on.work, 'err'), 'utf8')).toMatch(/^\d+\n$/);
      expect(record(on)).toContain('SELinux is not enforced');
    } finally {
      enforce('1');
    }
  });

  test('a folder whose label the policy keeps from jobs is refused by name, and shown once it is labelled', () => {
    const on = made(ASKED);
    const shown = mkdtempSync(join(tmpdir(), 'shown-'));
    // The job is another user than root.
    chmodSync(shown, 0o755);
    writeFileSync(join(shown, 'file'), 'shown');
    const args = ['--read', shown, '--', 'cat', join(shown, 'file')];
    const refused = exec(on, ...args);
    expect(refused.status, refused.all).toBe(125);
    expect(refused.stderr).toContain('sandbox/selinux-label');
    const line = `chcon --recursive --type cofferdam_root_t --range s0 -- ${shown}`;
    expect(refused.stderr).toContain(line);
    execFileSync('sh', ['-c', line]);
    const ran = exec(on, ...args);
    expect(ran.stdout, ran.all).toBe('shown');
    rmSync(shown, { recursive: true });
  });
});

// Off: the same sandbox without the labels. All else stands in both, Landlock too.
describe('where a runtime left places of the host writable, SELinux alone', () => {
  const VICTIM = '/usr/share/cofferdam-victim';
  const sandbox = new UsrWritten();
  beforeEach(() => {
    writeFileSync(VICTIM, 'before', { mode: 0o644 });
    chownSync(VICTIM, FIRST_HOST_ID + 1_001, FIRST_HOST_ID + 1_001);
  });
  afterEach(async () => {
    await sandbox.end();
    rmSync(VICTIM);
  });

  test('keeps a job from changing the mode of a file', async () => {
    expect(await sandbox.attack(ACT(`os.chmod('${VICTIM}', 0o666)`), false)).toBe('done');
    expect(statSync(VICTIM).mode & 0o777).toBe(0o666);
    expect(await sandbox.attack(ACT(`os.chmod('${VICTIM}', 0o600)`), true)).toBe('13');
    expect(statSync(VICTIM).mode & 0o777).toBe(0o666);
  });

  test('keeps a job from signalling process 1, which Landlock does only from its sixth version', async () => {
    expect(await sandbox.attack(ACT('os.kill(1, 0)'), false)).toBe(LANDLOCK < 6 ? 'done' : '1');
    expect(await sandbox.attack(ACT('os.kill(1, 0)'), true)).toBe(LANDLOCK < 6 ? '13' : '1');
  });

  test('keeps a job from the files of another one, and not from what has no categories', async () => {
    const places = ['s0:c1,c2', 's0'].map((level) => {
      const source = mkdtempSync('/run/other-');
      const options = `mode=777,context="system_u:object_r:cofferdam_file_t:${level}"`;
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', source]);
      mkdirSync(join(source, 'work'), { mode: 0o777 });
      writeFileSync(join(source, 'work/file'), 'another', { mode: 0o666 });
      return { source, destination: `/${level.includes('c') ? 'other' : 'common'}` };
    });
    const read = (folder: string): string => ACT(`open('/${folder}/work/file', 'r').read()`);
    try {
      expect(await sandbox.attack(read('other'), false, places)).toBe('done');
      expect(await sandbox.attack(read('other'), true, places)).toBe('13');
      expect(await sandbox.attack(read('common'), true, places)).toBe('done');
    } finally {
      await sandbox.end();
      for (const { source } of places) execFileSync('umount', [source]);
    }
  });
});

describe('where SELinux is enforced and the module is not loaded', () => {
  beforeAll(() => load('policy.plain'));
  afterAll(() => load('policy'));

  test('a job runs, and its record and doctor name the wall that is not there, and what raises it', () => {
    const on = made();
    const ran = exec(on, '--', 'echo', 'ran');
    expect(ran.stdout, ran.all).toContain('ran');
    expect(record(on)).toMatch(NOT_LOADED);
    const doctor = on.script('"$@"', on.command('doctor', '--json'));
    const lines = doctor.stdout.split('\n').filter(Boolean);
    const line = lines
      .map((one) => JSON.parse(one) as { name: string })
      .find(({ name }) => name === 'selinux');
    expect(line, doctor.all).toMatchObject({
      held: false,
      seen: expect.stringMatching(NOT_LOADED),
      fix: expect.stringMatching(/^once, as root: semodule -i \/.*\/cofferdam\.cil$/),
    });
  });

  test('a zone that asks for SELinux refuses the job', () => {
    const ran = exec(made(ASKED), '--', 'echo', 'ran');
    expect(ran.status, ran.all).toBe(125);
    expect(ran.stderr).toContain('isolation/second-wall');
    expect(ran.stderr).toMatch(NOT_LOADED);
    expect(ran.stderr).toContain('semodule -i /');
    expect(ran.stdout).toBe('');
  });
});
