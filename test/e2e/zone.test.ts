import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place } from './cofferdam.fixture.ts';

const WORKFLOW = `
on: [push, pull_request]
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: echo "token is [$TOKEN] of $(/usr/bin/printf %s "$TOKEN" | wc -c) bytes"
        env: { TOKEN: '\${{ secrets.TOKEN }}' }
      - run: test -z "$TOKEN" && echo "next step has none; protected is $GITHUB_REF_PROTECTED"
`;

let place: Place;
let repository = '';
let config = '';

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=T', '-c', 'user.email=t@a.test', '-c', 'gpg.format=ssh'];
  return execFileSync('git', ['-C', repository, ...identity, ...args], { encoding: 'utf8', stdio: 'pipe' });
}

function commit(message: string): void {
  git('add', '-A');
  git('commit', '-q', '--no-gpg-sign', '-m', message);
}

function key(name: string): string {
  const path = join(place.directory, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path]);
  return path;
}

/** The operator\u2019s file: it vouches for the repository, and names a secret for both higher zones. */
function operator(extra = ''): void {
  mkdirSync(join(config, 'cofferdam'), { recursive: true });
  const text = `version: 1
trust:
  repositories:
    - name: local/repo
      path: ${repository}
      protectedBranches: [main]
      protectedTags: ['v*']
      allowedSigners: ${join(config, 'signers')}
${extra}
zones:
  internal: { secrets: { allow: [TOKEN] } }
  release: { secrets: { allow: [TOKEN] } }
`;
  writeFileSync(join(config, 'cofferdam/cofferdam.yaml'), text, { mode: 0o600 });
}

beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  config = join(place.directory, 'config');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
  mkdirSync(config);
  writeFileSync(join(config, 'signers'), '', { mode: 0o600 });
  writeFileSync(join(repository, '.github/workflows/ci.yml'), WORKFLOW);
  execFileSync('git', ['-c', 'init.defaultBranch=main', 'init', '-q', repository]);
  commit('first');
});
afterEach(() => place.remove());

const SECRET = 'kept-from-strangers-1234';

function run(...args: string[]) {
  return place.run(['run', repository, '--verbose', '--secret', 'TOKEN', ...args], {
    env: { XDG_CONFIG_HOME: config, TOKEN: SECRET },
  });
}

function plan(...args: string[]) {
  return place.run(['plan', repository, ...args], { env: { XDG_CONFIG_HOME: config } });
}

describe('the zone of a run', () => {
  test('is untrusted without the operator\u2019s word: no secret reaches the job, and the record says why', async () => {
    const ran = await run('--ref', 'main');
    expect(ran.status, ran.stderr + ran.stdout).toBe(0);
    expect(ran.stdout).toContain('token is [] of 0 bytes');
    expect(ran.stdout).toContain('protected is false');
    expect(ran.stdout).toMatch(/untrusted +because: the operator\u2019s configuration does not vouch/);
    const raised = await run('--ref', 'main', '--zone', 'internal');
    expect(raised.status).toBe(3);
    expect(raised.stderr).toContain('zone/not-proven');
  });

  test('is internal at the tip of a protected branch, where the secret reaches the step that names it, masked', async () => {
    operator();
    const ran = await run('--ref', 'main');
    expect(ran.status, ran.stderr + ran.stdout).toBe(0);
    expect(ran.stdout).toContain(`token is [***] of ${SECRET.length} bytes`);
    expect(ran.stdout).toContain('next step has none; protected is true');
    expect(ran.stdout).not.toContain(SECRET);
    expect(ran.stdout).toContain('internal');
    // Neither the log nor the record holds it, although it was a program's argument; the step itself had it.
    const found = spawnSync('grep', ['-rlF', SECRET, place.state], { encoding: 'utf8' });
    expect(found.stdout).toBe('');
    const lowered = await run('--ref', 'main', '--zone', 'untrusted');
    expect(lowered.stdout).toContain('token is [] of 0 bytes');
    expect(lowered.stdout).toContain('lowered with --zone from internal');
  });

  test('hides a secret also in what is said of an expression that trips over it', async () => {
    const secret = 'kept{from-strangers-1234';
    const bad = '${{ format(secrets.TOKEN) }}';
    const job = (more: string): string => `
    runs-on: ubuntu-latest
${more}`;
    writeFileSync(
      join(repository, '.github/workflows/ci.yml'),
      `on: push
jobs:
  a:${job(`    env: { A: '${bad}' }\n    steps: [{ run: 'true' }]`)}
  b:${job(`    steps: [{ run: 'true', env: { A: '${bad}' } }]`)}
  c:${job(`    steps: [{ run: 'echo ${bad}', name: 'a step ${bad}' }]`)}
  d:${job(`    steps: [{ run: 'true', env: { T: '\${{ secrets.TOKEN }}' } }]\n    outputs: { o: '${bad}' }`)}
`,
    );
    commit('second');
    operator();
    const ran = await place.run(['run', repository, '--ref', 'main', '--secret', 'TOKEN'], {
      env: { XDG_CONFIG_HOME: config, TOKEN: secret },
    });
    expect(ran.stdout + ran.stderr).toContain('format string is invalid: ***');
    expect(ran.stdout + ran.stderr).not.toContain(secret);
    expect(spawnSync('grep', ['-rlF', secret, place.state], { encoding: 'utf8' }).stdout).toBe('');
  });

  test.each([
    ['the work tree as it is', [], 'work tree'],
    ['a fork', ['--event', 'pull_request', '--fork'], 'fork'],
    ['another branch', ['--ref', 'feature'], 'feature is not a protected branch'],
  ])('is untrusted for %s of a repository that is vouched for', async (_name, args, why) => {
    operator();
    git('branch', 'feature');
    const shown = await plan(...args);
    expect(shown.status, shown.stderr).toBe(0);
    expect(shown.stdout).toContain('zone      untrusted');
    expect(shown.stdout).toContain(why);
  });

  test('is release for a tag that an allowed signer signed, once it is approved', async () => {
    operator();
    const mine = key('maintainer');
    writeFileSync(join(config, 'signers'), `m@a.test ${readFileSync(`${mine}.pub`, 'utf8')}`, {
      mode: 0o600,
    });
    git('-c', `user.signingkey=${mine}`, 'tag', '-s', '-m', 'one', 'v1');
    const waiting = await run('--ref', 'refs/tags/v1');
    expect(waiting.status).toBe(3);
    expect(waiting.stdout).toContain('REFUSED');
    expect(waiting.stdout).toContain('must be approved');
    const ran = await run('--ref', 'refs/tags/v1', '--approve', 'build');
    expect(ran.status, ran.stderr + ran.stdout).toBe(0);
    expect(ran.stdout).toContain('signed by m@a.test');
    expect(ran.stdout).toContain(`of ${SECRET.length} bytes`);
  });

  test('is not release for a tag of a stranger, a moved signature, or a tag outside of the protected history', async () => {
    operator();
    const mine = key('maintainer');
    const strange = key('stranger');
    writeFileSync(join(config, 'signers'), `m@a.test ${readFileSync(`${mine}.pub`, 'utf8')}`, {
      mode: 0o600,
    });
    const zone = async (tag: string): Promise<string> => {
      const shown = await plan('--ref', `refs/tags/${tag}`);
      return /zone {6}(\w+)/.exec(shown.stdout)?.[1] ?? shown.stderr;
    };
    git('-c', `user.signingkey=${mine}`, 'tag', '-s', '-m', 'one', 'v1');
    expect(await zone('v1')).toBe('release');
    git('-c', `user.signingkey=${strange}`, 'tag', '-s', '-m', 'two', 'v2');
    expect(await zone('v2')).toBe('internal');
    git('tag', 'v3');
    expect(await zone('v3')).toBe('internal');
    // The very object that the maintainer signed as v1, under a name that asks for more.
    git('update-ref', 'refs/tags/v4', git('rev-parse', 'refs/tags/v1').trim());
    expect(await zone('v4')).toBe('internal');
    const forged = git('cat-file', 'tag', 'v1').replace('tag v1', 'tag v5');
    const object = execFileSync('git', ['-C', repository, 'hash-object', '-t', 'tag', '-w', '--stdin'], {
      input: forged,
      encoding: 'utf8',
    });
    git('update-ref', 'refs/tags/v5', object.trim());
    expect(await zone('v5')).toBe('internal');
    git('checkout', '-q', '-b', 'feature');
    writeFileSync(join(repository, 'evil'), '');
    commit('never reviewed');
    git('-c', `user.signingkey=${mine}`, 'tag', '-s', '-m', 'six', 'v6');
    expect(await zone('v6')).toBe('untrusted');
  });

  test('comes from the workflow of the commit, not from the file that lies in the work tree', async () => {
    operator();
    writeFileSync(
      join(repository, '.github/workflows/ci.yml'),
      WORKFLOW.replaceAll('token is', 'sent to a.test'),
    );
    const ran = await run('--ref', 'main');
    expect(ran.stdout).toContain('token is [***]');
    expect(ran.stdout).not.toContain('sent to');
  });
});

describe('policy', () => {
  test('of a preset that is named and stands for nothing here refuses, though the zone’s defaults have it', async () => {
    const env = { XDG_CONFIG_HOME: config, PATH: '/usr/bin:/bin:/usr/sbin:/sbin', HOME: place.directory };
    mkdirSync(join(place.directory, '.m2'));
    const settings = (of: string) =>
      `<settings><mirrors><mirror><mirrorOf>*</mirrorOf><url>${of}</url></mirror></mirrors></settings>`;
    const asked = () => place.run(['plan', repository, '--allow', '@maven'], { env });
    writeFileSync(join(place.directory, '.m2/settings.xml'), settings('https://192.0.2.1/'));
    expect(await asked()).toMatchObject({
      status: 69,
      stderr: expect.stringContaining('egress/preset-unknown'),
    });
    writeFileSync(join(place.directory, '.m2/settings.xml'), settings('https://mirror.test/'));
    const planned = await asked();
    expect(planned.status, planned.stderr).toBe(0);
    expect(planned.stdout).toContain('mirror.test (@maven)');
  });

  test('of a head under test only narrows, and what it asked for beyond is named', async () => {
    writeFileSync(
      join(repository, 'cofferdam.yaml'),
      'version: 1\nzones: {untrusted: {egress: {allow: [evil.test]}, limits: {pids: 64, memory: 900GB}}}\n',
    );
    const shown = await plan();
    expect(shown.status, shown.stderr).toBe(0);
    expect(shown.stdout).toContain('allow nothing');
    expect(shown.stdout).toContain('pids 64');
    expect(shown.stdout).toMatch(/not given .*egress\.allow evil\.test/);
    expect(shown.stdout).toMatch(/not given .*limits\.memory/);
  });

  test('of a head that says whom to trust refuses the run', async () => {
    const text = `version: 1\ntrust: {repositories: [{name: local/repo, path: ${repository}, protectedBranches: [main]}]}\n`;
    writeFileSync(join(repository, 'cofferdam.yaml'), text);
    commit('trust me');
    const ran = await run('--ref', 'main');
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain('config/trust');
  });

  test('comes from the protected branch when the operator says so, for a head that changed it too', async () => {
    operator('      policyFrom: main');
    const policy = (host: string) => `version: 1\nzones: {untrusted: {egress: {allow: [${host}]}}}\n`;
    writeFileSync(join(repository, 'cofferdam.yaml'), policy('reviewed.test'));
    commit('policy');
    git('checkout', '-q', '-b', 'feature');
    writeFileSync(join(repository, 'cofferdam.yaml'), policy('evil.test, reviewed.test'));
    commit('wider');
    const shown = await plan('--event', 'pull_request', '--fork');
    expect(shown.stdout, shown.stderr).toContain('allow reviewed.test');
    expect(shown.stdout).not.toMatch(/allow [^\n]*evil\.test \(/);
    expect(shown.stdout).toMatch(/not given .*evil\.test/);
  });

  test('that others could have written is refused, and so is one that is wrong', async () => {
    operator();
    const path = join(config, 'cofferdam/cofferdam.yaml');
    chmodSync(path, 0o666);
    const open = await plan();
    expect(open.status).toBe(2);
    expect(open.stderr).toContain('config/operator-file');
    writeFileSync(path, 'version: 1\nzone: {}\n');
    chmodSync(path, 0o600);
    const wrong = await plan();
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain('config/unknown-key');
  });

  test('that asks for a stronger isolation than this machine has refuses the job', async () => {
    operator();
    const path = join(config, 'cofferdam/cofferdam.yaml');
    writeFileSync(path, 'version: 1\nzones: {untrusted: {isolation: {floor: microvm}}}\n');
    const ran = await run();
    expect(ran.status, ran.stdout).toBe(69);
    // Where QEMU is, the kernel that a guest would boot is not: the cache is this test's own.
    expect(ran.stdout).toMatch(/isolation\/tier-absent|microvm\/no-kernel/);
  });
});
