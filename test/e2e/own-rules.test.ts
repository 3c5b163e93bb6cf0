import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place } from './cofferdam.fixture.ts';

const WORKFLOW = `on: push
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: echo the job ran
`;

let place: Place;
let repository = '';
let config = '';

beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  config = join(place.directory, 'config');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
  mkdirSync(join(config, 'cofferdam'), { recursive: true });
  execFileSync('git', ['-c', 'init.defaultBranch=main', 'init', '-q', repository]);
  writeFileSync(join(repository, '.github/workflows/ci.yml'), WORKFLOW);
  const identity = ['-c', 'user.name=T', '-c', 'user.email=t@a.test', '-c', 'commit.gpgsign=false'];
  execFileSync('git', ['-C', repository, 'add', '-A']);
  execFileSync('git', ['-C', repository, ...identity, 'commit', '-q', '-m', 'a']);
});
afterEach(() => place.remove());

const rules = (at: string, deny: string, id = 'mine'): string =>
  `version: 1\nrules:\n  - { id: ${id}, at: [${at}], deny: '${deny}', why: it is not wanted here, fix: take it away }\n`;
const operator = (text: string): void =>
  writeFileSync(join(config, 'cofferdam/cofferdam.yaml'), text, { mode: 0o600 });
const head = (text: string): void => writeFileSync(join(repository, 'cofferdam.yaml'), text);
const ask = (...args: readonly string[]) =>
  place.run(args, { cwd: repository, env: { XDG_CONFIG_HOME: config } });

describe('a rule of the user’s own', () => {
  test('before: is a finding of check at its job, and ends a run with 3 before anything starts; without it the job runs', async () => {
    const open = await ask('run', '.', '--verbose');
    expect(open.status, open.stderr).toBe(0);
    expect(open.stdout).toContain('the job ran');
    operator(rules('before', 'job.runsOn.exists(l, l.endsWith("-latest"))'));
    const checked = await ask('check');
    expect(checked.status).toBe(1);
    expect(checked.stdout).toContain('high[own/mine]');
    expect(checked.stdout).toContain('ci.yml:4:');
    const refused = await ask('run', '.', '--verbose');
    expect(refused.status).toBe(3);
    expect(refused.stdout).not.toContain('the job ran');
    expect(refused.stderr).toContain('[own/mine]');
    const planned = await ask('plan', '.');
    expect(planned.stderr + planned.stdout).toContain('own/mine');
  });

  test('of the head adds to the operator’s, and can take none of them away', async () => {
    operator(rules('before', 'job.id == "build"'));
    head(rules('before', 'false'));
    expect((await ask('run', '.')).status).toBe(3);
    operator('version: 1\n');
    head(rules('before', 'job.id == "build"'));
    expect((await ask('run', '.')).status).toBe(3);
  });

  test('that cannot be used ends check, plan and run with 2, and says where it is wrong', async () => {
    head(rules('before', 'job.nothing == ""'));
    for (const command of [['check'], ['plan', '.'], ['run', '.']]) {
      const run = await ask(...command);
      expect(run.status, command[0]).toBe(2);
      expect(run.stderr + run.stdout).toContain('nothing');
    }
  });

  test('after: what the job did does not pass, and the record says by which rule', async () => {
    operator(rules('after', 'result.denied > 0'));
    const quiet = await ask('run', '.');
    expect(quiet.status, quiet.stderr).toBe(0);
    const loud = WORKFLOW.replace('echo the job ran', 'getent hosts evil.test || echo the job ran');
    writeFileSync(join(repository, '.github/workflows/ci.yml'), loud);
    const run = await ask('run', '.', '--verbose');
    expect(run.stdout).toContain('the job ran');
    expect(run.status).toBe(3);
    expect(run.stderr + run.stdout).toContain('own/mine');
    const shown = await ask('audit', 'show', 'latest', '--json');
    expect(shown.stdout).toContain('"rule":"own/mine"');
  });

  test('of the operator holds for exec: before it starts, and what it then did is not applied', async () => {
    operator(rules('before', 'job.steps[0].run.contains("forbidden")'));
    const refused = await ask('exec', '--', 'echo', 'forbidden');
    expect(refused.status).toBe(125);
    expect(refused.stdout).toBe('');
    expect((await ask('exec', '--', 'echo', 'fine')).stdout).toBe('fine\n');
    operator(rules('after', 'result.denied > 0'));
    const done = await ask(
      'exec',
      '--apply',
      'always',
      '--',
      'sh',
      '-c',
      'getent hosts evil.test; echo x > made',
    );
    expect(done.status).toBe(125);
    expect(done.stderr).toContain('own/mine');
    expect(() => execFileSync('test', ['-e', join(repository, 'made')])).toThrow();
  });
});

describe('cofferdam policy test', () => {
  const tests = (text: string): void => writeFileSync(join(repository, 'cofferdam.test.yaml'), text);

  test('holds rules against what a file expects of them, exit 0, or 1 when one answers otherwise', async () => {
    head(rules('before', 'job.environment == "" && job.zone == "release"', 'asks-somebody'));
    tests(`- name: a release without an environment
  input: { job: { zone: release } }
  denies: [asks-somebody]
- name: in one
  input: { job: { zone: release, environment: production } }
  denies: []
`);
    const good = await ask('policy', 'test');
    expect(good, good.stderr).toMatchObject({ status: 0 });
    expect(good.stdout).toContain('2 passed, 0 failed');
    tests('- name: wrong\n  input: { job: { zone: untrusted } }\n  denies: [asks-somebody]\n');
    const wrong = await ask('policy', 'test');
    expect(wrong.status).toBe(1);
    expect(wrong.stdout).toContain('denied by none, expected asks-somebody');
  });

  test.each([
    [
      'a field that there is not',
      '- { name: a, input: { job: { zoned: release } }, denies: [] }',
      1,
      'there is no field job.zoned',
    ],
    ['a rule that there is not', '- { name: a, input: {}, denies: [other] }', 1, 'there is no rule other'],
    [
      'a value of another type',
      '- { name: a, input: { job: { zone: 3 } }, denies: [] }',
      1,
      'job.zone must be string',
    ],
    ['no list', 'name: a', 2, 'a list of tests'],
    ['nothing', '', 2, ''],
  ])('does not pass over %s', async (_name, text, status, says) => {
    head(rules('before', 'job.zone == "release"'));
    tests(`${text}\n`);
    const run = await ask('policy', 'test');
    expect(run.status, run.stderr).toBe(status);
    expect(run.stdout + run.stderr).toContain(says);
  });
});
