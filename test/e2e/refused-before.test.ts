import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place } from './cofferdam.fixture.ts';

let place: Place;
let repository = '';
beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
});
afterEach(() => place.remove());

function write(path: string, text: string): void {
  mkdirSync(join(repository, path, '..'), { recursive: true });
  writeFileSync(join(repository, path), text);
}
const workflow = (text: string): void => write('.github/workflows/ci.yml', text);

/** What both say that look before anything runs: the same, and nothing has run. */
async function refused() {
  const ran = await place.run(['run', repository]);
  const planned = await place.run(['plan', repository]);
  expect(ran.status, ran.stderr).toBe(planned.status);
  expect(ran.stderr).toBe(planned.stderr);
  const runs = join(place.state, 'runs');
  expect(existsSync(runs) ? readdirSync(runs) : []).toEqual([]);
  return ran;
}

describe('what of a workflow cannot run is all told before it begins, each with its place', () => {
  test('of its own actions and of those that its local actions use', async () => {
    workflow(`on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: some/action@v1
      - uses: ./local
      - uses: docker://alpine
  b:
    runs-on: ubuntu-latest
    steps: [{ uses: other/action@v2 }, { uses: ./local }, { uses: ./second }]
`);
    write(
      'local/action.yml',
      'name: l\nruns:\n  using: composite\n  steps:\n    - uses: third/action@v3\n    - { run: x, shell: "no-such-shell-a -c {0}" }\n',
    );
    write(
      'second/action.yml',
      'name: s\nruns:\n  using: composite\n  steps:\n    - uses: fourth/action@v4\n',
    );
    const first = await refused();
    expect(first.status).toBe(2);
    const { stderr } = first;
    expect(stderr).toMatch(/ci\.yml:6:\d+: the action some\/action /);
    expect(stderr).toMatch(/ci\.yml:8:\d+: docker:/);
    expect(stderr).toMatch(/ci\.yml:11:\d+: the action other\/action /);
    workflow('on: push\njobs:\n  a: { runs-on: linux, steps: [{ uses: ./local }, { uses: ./second }] }\n');
    const second = await refused();
    expect(second.status).toBe(2);
    expect(second.stderr).toMatch(/local\/action\.yml:5:\d+: the action third\/action /);
    expect(second.stderr).toMatch(/local\/action\.yml:6:\d+: the shell "no-such-shell-a" /);
    expect(second.stderr).toMatch(/second\/action\.yml:5:\d+: the action fourth\/action /);
  });

  test('of the shells that steps name, or that defaults name for them', async () => {
    workflow(`on: push
defaults: { run: { shell: 'no-such-shell-w -f {0}' } }
jobs:
  a:
    runs-on: linux
    steps:
      - run: x
      - { run: x, shell: 'no-such-shell-s {0}' }
      - { run: x, shell: '/usr/bin/no-such-shell-p {0}' }
      - { run: x, shell: python }
      - { run: x, shell: "sh -e {0}" }
  b:
    runs-on: linux
    defaults: { run: { shell: 'no-such-shell-j {0}' } }
    steps: [{ run: x }, { run: y }]
`);
    const { status, stderr } = await refused();
    expect(status).toBe(69);
    expect(stderr.match(/\[tools\/shell-missing\]/g)).toHaveLength(4);
    expect(stderr).toMatch(/ci\.yml:2:\d+: the shell "no-such-shell-w" is not on this machine/);
    expect(stderr).toMatch(/ci\.yml:8:\d+: the shell "no-such-shell-s"/);
    expect(stderr).toMatch(/ci\.yml:9:\d+: the shell "\/usr\/bin\/no-such-shell-p"/);
    expect(stderr).toMatch(/ci\.yml:14:\d+: the shell "no-such-shell-j"/);
    expect(stderr).toContain('fix: install it below /usr');
  });

  test('but a shell that an earlier step brings, or that no one can know yet, is decided at its step', async () => {
    workflow(`on: push
jobs:
  a:
    runs-on: linux
    steps:
      - run: |
          mkdir -p ~/.local/bin
          printf '#!/bin/sh\\necho mine; exec sh "$1"\\n' > ~/.local/bin/brought-shell && chmod +x ~/.local/bin/brought-shell
      - { run: 'echo by $0', shell: 'brought-shell {0}' }
      - { if: "false", run: x, shell: 'no-such-shell {0}' }
      - { run: x, shell: "\${{ 'no-such-shell' }} {0}", continue-on-error: true }
`);
    const ran = await place.run(['run', repository, '--verbose']);
    expect(ran.status, ran.stderr + ran.stdout).toBe(0);
    expect(ran.stdout).toContain('│ mine');
    expect(ran.stdout).toContain('"no-such-shell" is not there');
  });
});

test('a workflow whose expressions take too much work together is refused by one message', async () => {
  const labels = Array.from({ length: 40_000 }, () => "'${{matrix.a}}'").join(',');
  const numbers = Array.from({ length: 16 }, (_, index) => index).join(',');
  workflow(
    `on: push\njobs: { a: { runs-on: [${labels}], strategy: { matrix: { a: [${numbers}], b: [${numbers}] } }, steps: [{ run: x }] } }\n`,
  );
  const { status, stderr } = await refused();
  expect(status).toBe(2);
  expect(stderr).toMatch(
    /^cofferdam: .*ci\.yml: all expressions and matrices .*\[workflow\/evaluation-work\]\n {2}fix: .*\n$/,
  );
}, 120_000);
