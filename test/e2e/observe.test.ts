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
  mkdirSync(join(config, 'cofferdam'), { recursive: true });
  const script = JSON.stringify([{ run: 'exec 3<>/dev/tcp/wanted.test/8443 || true', shell: 'bash {0}' }]);
  writeFileSync(
    join(repository, '.github/workflows/ci.yml'),
    `on: push\njobs: { build: { runs-on: linux, steps: ${script} } }\n`,
  );
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('-c', 'user.name=T', '-c', 'user.email=t@a.test', 'commit', '-q', '--no-gpg-sign', '-m', 'one');
});
afterEach(() => place.remove());

function git(...args: string[]): void {
  execFileSync('git', ['-C', repository, ...args], { stdio: 'pipe' });
}

function operator(zones: string): void {
  const trust = `trust: { repositories: [{ name: local/repo, path: ${repository}, protectedBranches: [main] }] }`;
  writeFileSync(join(config, 'cofferdam/cofferdam.yaml'), `version: 1\n${trust}\nzones: ${zones}\n`, {
    mode: 0o600,
  });
}

const cofferdam = (...args: string[]) => place.run(args, { env: { XDG_CONFIG_HOME: config } });
const OBSERVED = '{ internal: { egress: { allow: [listed.test], observe: true } } }';

describe('observe', () => {
  test('is said at the beginning, at the end and in plan, and what it let through can be learned', async () => {
    operator(OBSERVED);
    const planned = await cofferdam('plan', repository, '--ref', 'main');
    expect(planned.stdout).toContain('network   ONLY OBSERVED');
    const ran = await cofferdam('run', repository, '--ref', 'main');
    expect(ran.status, ran.stderr + ran.stdout).toBe(0);
    expect(ran.stderr).toContain('job build: OBSERVED ONLY');
    expect(ran.stderr).toMatch(
      /OBSERVED ONLY: 1 destination not on the list was let through\n {2}wanted\.test:8443 {3}1\n/,
    );
    const learned = await cofferdam('policy', 'learn', 'latest', '--zone', 'internal');
    expect(learned.stdout).toContain('wanted.test:8443');
  });

  test('is nothing for a job that nobody vouches for, whatever file asks for it', async () => {
    operator(OBSERVED);
    const lowered = await cofferdam('run', repository, '--ref', 'main', '--zone', 'untrusted');
    expect(lowered.stderr).not.toContain('OBSERVED');
    expect(lowered.stdout).toMatch(/CONTAINED|wanted\.test/);
    expect((await cofferdam('plan', repository)).stdout).not.toContain('ONLY OBSERVED');
    operator('{ untrusted: { egress: { observe: true } } }');
    const refused = await cofferdam('run', repository);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('zones.untrusted.egress.observe must not be true');
    expect(refused.stderr).toContain('[config/value]');
    expect(refused.stderr).toContain('cofferdam policy learn');
  });

  test('is given by the operator’s file alone: a head that asks for it is not given it', async () => {
    operator('{ internal: { egress: { allow: [listed.test] } } }');
    writeFileSync(
      join(repository, 'cofferdam.yaml'),
      'version: 1\nzones: { internal: { egress: { observe: true } } }\n',
    );
    git('add', '-A');
    git('-c', 'user.name=T', '-c', 'user.email=t@a.test', 'commit', '-q', '--no-gpg-sign', '-m', 'two');
    const planned = await cofferdam('plan', repository, '--ref', 'main');
    expect(planned.stdout).toContain(
      'not given cofferdam.yaml of the head: zones.internal.egress.observe true',
    );
    expect(planned.stdout).not.toContain('ONLY OBSERVED');
    const old = join(config, 'old.yaml');
    writeFileSync(old, 'version: 1\n');
    const diff = await cofferdam(
      'policy',
      'diff',
      old,
      join(config, 'new.yaml').replace('new', 'cofferdam/cofferdam'),
    );
    expect(diff.stdout).not.toContain('observe');
    operator(OBSERVED);
    const wider = await cofferdam('policy', 'diff', old, join(config, 'cofferdam/cofferdam.yaml'));
    expect(wider.stdout).toContain('opened  egress.observe  what is not on the list is let through');
    expect(wider.status).toBe(1);
  });
});
