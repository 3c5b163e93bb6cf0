import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place } from './cofferdam.fixture.ts';

/** A commit's message becomes code, in a job that holds a secret where its zone gives it. */
const INJECTED = `on: push
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: 'echo "message: \${{ github.event.head_commit.message }}"'
        env: { TOKEN: '\${{ secrets.TOKEN }}' }
`;

let place: Place;
let repository = '';
let config = '';

function git(...args: readonly string[]): string {
  const identity = ['-c', 'user.name=T', '-c', 'user.email=t@a.test', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', ['-C', repository, ...identity, ...args], { encoding: 'utf8', stdio: 'pipe' });
}

function operator(extra: string): void {
  mkdirSync(join(config, 'cofferdam'), { recursive: true });
  const trust = `version: 1\ntrust: { repositories: [{ name: local/repo, path: ${repository}, protectedBranches: [main] }] }\n`;
  writeFileSync(join(config, 'cofferdam/cofferdam.yaml'), `${trust}${extra}`, { mode: 0o600 });
}

function commit(workflow: string, message: string): void {
  writeFileSync(join(repository, '.github/workflows/ci.yml'), workflow);
  git('add', '-A');
  git('commit', '-q', '--allow-empty', '-m', message);
}

beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  config = join(place.directory, 'config');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
  mkdirSync(config);
  execFileSync('git', ['-c', 'init.defaultBranch=main', 'init', '-q', repository]);
  commit(INJECTED, 'x"; echo "its code ran as $((6 * 7))');
});
afterEach(() => place.remove());

const ask = (command: string, ...args: readonly string[]) =>
  place.run([command, repository, '--ref', 'main', ...args], { env: { XDG_CONFIG_HOME: config } });

describe('what the gate forbids', () => {
  test('does not start in a zone that holds something: without the rule a message\u2019s code runs there, with it the run ends 3', async () => {
    operator('gate: { refuse: { internal: [] } }\n');
    const open = await ask('run', '--verbose');
    expect(open.stdout, open.stderr).toContain('its code ran as 42');
    expect(open.stdout).toContain('internal');
    operator('');
    const refused = await ask('run', '--verbose');
    expect(refused.status).toBe(3);
    expect(refused.stdout).not.toContain('its code ran as 42');
    expect(refused.stderr).toContain('[gate/template-injection]');
    expect(refused.stderr).toContain('.github/workflows/ci.yml:7:');
  });

  test('starts in zone untrusted, where there is nothing to lose, unless the operator refuses it there as well', async () => {
    operator('');
    const ran = await ask('run', '--zone', 'untrusted');
    expect(ran.status, ran.stderr).toBe(0);
    operator('gate: { refuse: { untrusted: [template-injection] } }\n');
    expect((await ask('run', '--zone', 'untrusted')).status).toBe(3);
  });

  test('is not let through by a comment of the head, nor by the head\u2019s own policy, which can only add', async () => {
    operator('');
    writeFileSync(join(repository, 'cofferdam.yaml'), 'version: 1\ngate: { refuse: { internal: [] } }\n');
    commit(INJECTED.replace("- run: 'echo", "# zizmor: ignore[template-injection]\n      - run: 'echo"), 'y');
    expect((await ask('run')).status).toBe(3);
    operator('gate: { refuse: { internal: [] } }\n');
    writeFileSync(
      join(repository, 'cofferdam.yaml'),
      'version: 1\ngate: { refuse: { internal: [template-injection] } }\n',
    );
    commit(INJECTED, 'z');
    expect((await ask('run')).status).toBe(3);
  });

  test('is told by plan with the same exit status, beside what enforcement makes of each finding', async () => {
    operator('');
    const planned = await ask('plan');
    expect(planned.status).toBe(3);
    expect(planned.stdout).toContain('found high    template-injection');
    expect(planned.stdout).toMatch(/here {8}runs in zone internal: no secret is given/);
    expect(planned.stderr).toContain('[gate/template-injection]');
    expect((await ask('plan', '--zone', 'untrusted')).status).toBe(0);
  });

  test('is refused when policy names a rule that does not exist, as it would hold nothing', async () => {
    operator('gate: { refuse: { internal: [template-injections] } }\n');
    const ran = await ask('run');
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('which is no rule');
  });
});
