import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LOCK_FILES } from '../../src/engine/run/lock-before.ts';
import { ACTIONS_LOCK, OWN_LOCK } from '../../src/gate/index.ts';
import { Place } from './cofferdam.fixture.ts';

const CI = `on: push
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo "it ran as $((6 * 7))"
`;

let place: Place;
let repository = '';
let mirror = '';

function git(folder: string, ...args: readonly string[]): string {
  const identity = ['-c', 'user.name=T', '-c', 'user.email=t@a.test', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', ['-C', folder, ...identity, ...args], {
    encoding: 'utf8',
    stdio: 'pipe',
  }).trim();
}

function make(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true });
  execFileSync('git', ['-c', 'init.defaultBranch=main', 'init', '-q', folder]);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  git(folder, 'add', '-A');
  git(folder, 'commit', '-q', '--allow-empty', '-m', 'x');
}

beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  mirror = join(place.directory, 'mirror');
  make(repository, { '.github/workflows/ci.yml': CI });
  make(join(mirror, 'actions/checkout'), { 'action.yml': 'name: x\nruns: { using: node24, main: m.js }\n' });
  git(join(mirror, 'actions/checkout'), 'tag', 'v4');
});
afterEach(() => place.remove());

const lock = (...args: readonly string[]) =>
  place.run(['lock', repository, '--mirror', mirror, '--offline', ...args]);
const run = (...args: readonly string[]) => place.run(['run', repository, '--verbose', ...args]);
const own = () => join(repository, OWN_LOCK);

describe('cofferdam lock', () => {
  test('writes the lock, agrees with it, and says what it does not agree with', async () => {
    const unlocked = await lock('--check');
    expect(unlocked.status).toBe(1);
    const written = await lock();
    expect(written.stderr).toBe('');
    expect(written.status).toBe(0);
    expect(written.stdout).toContain('+ actions/checkout@v4');
    const checked = await lock('--check');
    expect(checked.stdout).toBe('the lock agrees; 1 held against mirrors, 0 not seen\n');
    expect(checked.status).toBe(0);
    writeFileSync(join(repository, '.github/workflows/ci.yml'), CI.replace('@v4', '@v5'));
    const other = await lock('--check');
    expect(other.status).toBe(1);
    expect(other.stdout).toContain('.github/workflows/ci.yml:7: actions/checkout@v5 is not in');
    const again = await lock();
    expect(again.status).toBe(3);
    expect(again.stderr).toContain('[lock/no-ref]');
  });

  test('follows a moved tag only by --update, and refuses a name that is not locked', async () => {
    await lock();
    const before = readFileSync(own(), 'utf8');
    git(join(mirror, 'actions/checkout'), 'commit', '-q', '--allow-empty', '-m', 'y');
    git(join(mirror, 'actions/checkout'), 'tag', '-f', 'v4');
    await lock();
    expect(readFileSync(own(), 'utf8')).toBe(before);
    expect((await lock('--update', 'actions/cache')).status).toBe(2);
    const updated = await lock('--update', 'actions/checkout');
    expect(updated.stdout).toMatch(/~ actions\/checkout@v4 {2}[0-9a-f]{40} -> [0-9a-f]{40}/);
  });

  test('writes through no link, and takes mirrors from no repository', async () => {
    const outside = join(place.directory, 'outside');
    writeFileSync(outside, 'mine');
    symlinkSync(outside, own());
    expect((await lock()).status).not.toBe(0);
    expect(readFileSync(outside, 'utf8')).toBe('mine');
    rmSync(own());
    writeFileSync(join(repository, 'cofferdam.yaml'), `version: 1\nlock: { mirrors: { '*': ${mirror} } }\n`);
    const config = join(place.directory, 'cofferdam.yaml');
    writeFileSync(config, `version: 1\nlock: { mirrors: { '*': ${mirror} } }\n`, { mode: 0o600 });
    const named = await place.run(['lock', repository, '--offline', '--config', config]);
    expect(named.status, named.stderr).toBe(0);
    expect((await run()).stderr).toContain('[config/lock]');
  });

  test.each([
    'http://a.test/x',
    'ext::sh -c id',
    'git://a.test/x',
    'https://u:p@a.test',
    '-x',
    'file:///tmp',
  ])('takes no mirror %s', async (text) => {
    expect((await place.run(['lock', repository, '--mirror', text])).status).toBe(2);
  });
});

describe('images', () => {
  const IMAGES = CI.replace('    steps:', '    container: node:24\n    steps:');
  const manifest = '{"schemaVersion":2}';
  const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
  const layout = (): string => {
    const folder = join(place.directory, 'layout');
    mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
    writeFileSync(join(folder, 'blobs/sha256', digest.slice(7)), manifest);
    writeFileSync(join(folder, 'index.json'), JSON.stringify({ manifests: [{ digest }] }));
    return folder;
  };

  test('that are named by a tag have the digest of a layout, keep it, and are pinned to it by check', async () => {
    writeFileSync(join(repository, '.github/workflows/ci.yml'), IMAGES);
    const bare = await lock();
    expect(bare.stderr).toContain('the image node:24 has no digest');
    const image = `node:24=${layout()}`;
    expect((await lock('--check', '--image', image)).stdout).toContain(
      `node:24 is ${digest}, and not locked`,
    );
    const locked = await lock('--image', image);
    expect(locked.stderr).toBe('');
    expect(locked.stdout).toContain(`+ node:24  ${digest}`);
    expect((await lock('--check', '--image', image)).status).toBe(0);
    expect((await lock()).stderr).toBe('');
    expect(readFileSync(own(), 'utf8')).toContain(`"node:24": "${digest}"`);
    await place.run(['check', repository, '--fix', '--persona', 'auditor']);
    expect(readFileSync(join(repository, '.github/workflows/ci.yml'), 'utf8')).toContain(`node:24@${digest}`);
    expect((await lock()).status).toBe(0);
    expect((await lock('--check')).status).toBe(0);
  });

  test('that no workflow uses, or that no layout has, are refused', async () => {
    expect((await lock('--image', `node:24=${layout()}`)).status).toBe(2);
    expect((await lock('--image', `node:24=${place.directory}`)).stderr).toContain('[lock/image]');
  });

  test('are looked up again by --update, and have no digest then where nobody gives one', async () => {
    writeFileSync(join(repository, '.github/workflows/ci.yml'), IMAGES);
    await lock('--image', `node:24=${layout()}`);
    expect((await lock('--update', 'node:24')).stderr).toContain('the image node:24 has no digest');
  });
});

describe('a run', () => {
  test('goes without a lock, and with one that agrees', async () => {
    expect((await run()).stdout).toContain('it ran as 42');
    await lock();
    const ran = await run();
    expect(ran.stdout, ran.stderr).toContain('it ran as 42');
    expect(ran.status).toBe(0);
  });

  test('is refused with 3 before anything starts when it uses what is not locked, and so is its plan', async () => {
    await lock();
    writeFileSync(join(repository, '.github/workflows/ci.yml'), CI.replace('@v4', '@v3'));
    const refused = await run();
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain('[lock/disagrees]');
    expect(refused.stdout).not.toContain('it ran as 42');
    const planned = await place.run(['plan', repository]);
    expect(planned.status).toBe(3);
    expect(planned.stdout + planned.stderr).toContain('lock/disagrees');
  });

  test('is refused for a lock that is broken, a link, of a later version, or contradicts GitHub\u2019s', async () => {
    await lock();
    const good = readFileSync(own(), 'utf8');
    const github = (commit: string) =>
      `version: 'v0.0.2'\nworkflows: { '.github/workflows/ci.yml': ['actions/checkout@v4'] }\ndependencies: { 'actions/checkout@v4': { ref: 'v4', commit: 'sha1-${commit}', owner_id: 1, repo_id: 1 } }\n`;
    for (const [path, text] of [
      [OWN_LOCK, '{'],
      [OWN_LOCK, good.replace('"version": 1', '"version": 2')],
      [OWN_LOCK, good.replace('"kind"', '"king"')],
      [ACTIONS_LOCK, github('0'.repeat(40))],
      [ACTIONS_LOCK, github('0'.repeat(40)).replace('v0.0.2', 'v9')],
    ] as const) {
      writeFileSync(own(), good);
      writeFileSync(join(repository, path), text);
      const refused = await run();
      expect(refused.status, text).toBe(3);
      expect(refused.stdout).not.toContain('it ran as 42');
      rmSync(join(repository, ACTIONS_LOCK), { force: true });
    }
    rmSync(own());
    symlinkSync('/etc/passwd', own());
    expect((await run()).status).toBe(3);
  });

  test('of a commit goes by the lock of that commit, and not by what lies in the work tree', async () => {
    await lock();
    git(repository, 'add', '-A');
    git(repository, 'commit', '-q', '-m', 'locked');
    rmSync(own());
    expect((await run('--ref', 'main')).status).toBe(0);
    writeFileSync(join(repository, '.github/workflows/ci.yml'), CI.replace('@v4', '@v3'));
    git(repository, 'commit', '-q', '-m', 'other', '.github/workflows/ci.yml');
    expect(existsSync(own())).toBe(false);
    expect((await run('--ref', 'main')).status).toBe(3);
    // A link in the lock\u2019s place is no reason to go without one.
    writeFileSync(join(repository, '.github/workflows/ci.yml'), CI);
    symlinkSync('/etc/passwd', own());
    git(repository, 'add', '-A');
    git(repository, 'commit', '-q', '-m', 'link');
    expect((await run('--ref', 'main')).status).toBe(3);
  });

  test('looks for the two names that the gate knows', () => {
    expect(LOCK_FILES).toEqual([ACTIONS_LOCK, OWN_LOCK]);
  });
});
