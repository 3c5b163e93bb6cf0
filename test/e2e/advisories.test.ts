import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place } from './cofferdam.fixture.ts';

let place: Place;
let repository = '';
let config = '';
beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  config = join(place.directory, 'config');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
  mkdirSync(config, { mode: 0o700 });
});
afterEach(() => place.remove());

const run = (...args: readonly string[]) => place.run(args, { env: { XDG_CONFIG_HOME: config } });

function uses(...names: readonly string[]): void {
  const steps = names.map((name) => `      - uses: ${name}\n`).join('');
  const text = `name: ci\non: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n${steps}`;
  writeFileSync(join(repository, '.github/workflows/ci.yml'), text);
}

const own = (modified: string) => ({
  id: 'TEST-2026-1',
  modified,
  summary: 'it is taken over',
  affected: [
    {
      package: { ecosystem: 'GitHub Actions', name: 'o/r' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
    },
  ],
});

describe('advisories', () => {
  test('are listed with their day, and found in a workflow with that day', async () => {
    const listed = await run('advisories');
    expect(listed.status).toBe(0);
    expect(listed.stdout).toContain(
      'GHSA-mrrh-fwg8-r2c3 (CVE-2025-30066)  high  2025-03-15  tj-actions/changed-files < 46.0.1 or 0e58ed8671d6',
    );
    const [, day] =
      /advisories of (\d{4}-\d\d-\d\d), \d+ days old, shipped with this version\n$/.exec(listed.stdout) ?? [];
    uses('tj-actions/changed-files@v45.0.7');
    const checked = await run('check', repository);
    expect(checked.status).toBe(1);
    expect(checked.stdout).toContain('[known-vulnerable-actions]');
    expect(checked.stdout).toContain(`(advisories of ${day})`);
  });

  test('of the user are taken from a file, count from then on, and are told when they are old', async () => {
    uses('o/r@v1.0.0');
    expect((await run('check', repository)).stdout).not.toContain('known-vulnerable-actions');
    writeFileSync(join(place.directory, 'a.json'), JSON.stringify([own('2099-01-01T00:00:00Z')]));
    const kept = await run('advisories', 'update', 'a.json');
    expect(kept.stdout).toContain('1 advisories of 2099-01-01 kept in');
    const found = await run('check', repository);
    expect(found.stdout).toContain(
      'o/r (v1.0.0) is in an advisory, TEST-2026-1: it is taken over (advisories of 2099-01-01)',
    );
    const json = JSON.parse((await run('advisories', '--json')).stdout) as { date: string; old: boolean };
    expect(json).toMatchObject({ date: '2099-01-01', old: false });
  });

  test('that are no advisories, or come by another way, are not taken', async () => {
    writeFileSync(join(place.directory, 'a.json'), '{}');
    expect((await run('advisories', 'update', 'a.json')).status).toBe(2);
    expect((await run('advisories', 'update', 'http://a.test/a.json')).status).toBe(2);
    expect((await run('advisories', 'update')).status).toBe(2);
  });
});

describe('check', () => {
  test('says of a commit what a folder with its repository knows, and nothing without one', async () => {
    const mirror = join(place.directory, 'mirror/o/r');
    const git = (...args: readonly string[]) =>
      execFileSync('git', ['-C', mirror, '-c', 'user.name=T', '-c', 'user.email=t@a.test', ...args], {
        encoding: 'utf8',
        stdio: 'pipe',
      }).trim();
    mkdirSync(mirror, { recursive: true });
    execFileSync('git', ['-c', 'init.defaultBranch=main', 'init', '-q', mirror]);
    git('commit', '-q', '--allow-empty', '-m', 'x');
    git('tag', 'v1.2.0');
    const head = git('rev-parse', 'HEAD');
    const tree = git('rev-parse', 'HEAD^{tree}');
    const impostor = git('commit-tree', '-p', head, '-m', 'v1.2.1', tree);
    uses(`o/r@${impostor} # v1.2.1`, `o/r@${head} # v2.0.0`);
    const blind = await run('check', repository);
    expect(blind.stdout).not.toContain('impostor-commit');
    const seen = await run('check', repository, '--mirror', join(place.directory, 'mirror'));
    expect(seen.status).toBe(1);
    expect(seen.stdout).toContain('[impostor-commit]');
    expect(seen.stdout).toContain('the comment says v2.0.0, and the commit is v1.2.0');
  });

  test('holds the operator\u2019s policy of what may be used, which a repository cannot widen', async () => {
    uses('o/r@v1');
    mkdirSync(join(config, 'cofferdam'), { mode: 0o700 });
    writeFileSync(
      join(config, 'cofferdam/cofferdam.yaml'),
      'version: 1\ngate: { uses: { allow: ["actions/*"] } }\n',
      { mode: 0o600 },
    );
    writeFileSync(join(repository, 'cofferdam.yaml'), 'version: 1\ngate: { uses: { allow: ["*"] } }\n');
    expect((await run('check', repository)).stdout).toContain('[forbidden-uses]');
  });
});
