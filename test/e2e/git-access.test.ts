import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Place } from './cofferdam.fixture.ts';

const KEY = `ssh-ed25519 ${'A'.repeat(68)}`;

let place: Place;
let repository = '';
beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
});
afterEach(() => place.remove());

function run(allow: string, step: string) {
  const config = join(place.directory, 'operator.yaml');
  writeFileSync(config, `version: 1\nzones: {untrusted: {egress: {allow: [${allow}]}}}\n`, { mode: 0o600 });
  writeFileSync(
    join(repository, '.github/workflows/ci.yml'),
    `on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n${step
      .split('\n')
      .map((line) => `          ${line}\n`)
      .join('')}`,
  );
  return place.run(['run', repository, '--verbose', '--config', config]);
}

test('a job finds the host keys that the policy names where OpenSSH looks, and cannot add to them', async () => {
  const ran = await run(
    `{to: "git.test:22", hostKeys: ["${KEY}"]}, {to: "git.test:2222", hostKeys: ["${KEY}"]}`,
    'ssh-keygen -F git.test -f /etc/ssh/ssh_known_hosts\nssh -G git.test | grep -i globalknownhosts\necho evil >> /etc/ssh/ssh_known_hosts || echo refused\nrm -f /etc/ssh/ssh_known_hosts || echo kept',
  );
  const said = `${ran.stdout}${ran.stderr}`;
  expect(said).toContain(`git.test ${KEY}`);
  expect(said).toContain('/etc/ssh/ssh_known_hosts');
  expect(said).toContain('refused');
  expect(said).toContain('kept');
});

test('a policy that asks for only fetching over SSH refuses the run before it begins, and says what to do', async () => {
  const ran = await run('{to: "git.test:22", git: read}', 'echo began');
  expect(ran.status).toBe(2);
  expect(ran.stderr).toContain('whose commands are encrypted');
  expect(ran.stderr).toContain('use HTTPS');
  expect(ran.stdout).not.toContain('began');
});
