import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Place } from './cofferdam.fixture.ts';

let place: Place;
let repository = '';

beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
  writeFileSync(
    join(repository, '.github/workflows/ci.yml'),
    'on: push\npermissions: {}\njobs: { a: { runs-on: ubuntu-24.04, timeout-minutes: 5, steps: [ { run: echo ran } ] } }\n',
  );
  const git = (...args: readonly string[]): void => {
    execFileSync('git', ['-C', repository, '-c', 'user.name=T', '-c', 'user.email=t@a.test', ...args], {
      stdio: 'pipe',
    });
  };
  execFileSync('git', ['-c', 'init.defaultBranch=main', 'init', '-q', repository]);
  git('add', '-A');
  git('commit', '-q', '-m', 'a');
});
afterEach(() => place.remove());

const state = async (id: string): Promise<string> => {
  const run = await place.run(['assess', '--json'], { cwd: repository });
  const { checklist } = JSON.parse(run.stdout) as { checklist: readonly { id: string; state: string }[] };
  return checklist.find((item) => item.id === id)?.state ?? '';
};

test('a recorded run is evidence, and a record that somebody edited is none', async () => {
  expect(await state('egress-deny')).toBe('unknown');
  const ran = await place.run(['run', '.'], { cwd: repository });
  expect(ran.status, ran.stderr).toBe(0);
  expect(await state('egress-deny')).toBe('partly');
  const runs = join(place.state, 'runs');
  const [id = ''] = readdirSync(runs);
  const folder = join(runs, id, 'record');
  const file =
    readdirSync(folder)
      .map((name) => join(folder, name))
      .find((name) => name.endsWith('.jsonl')) ?? '';
  writeFileSync(file, readFileSync(file, 'utf8').replace('"event":"push"', '"event":"pull"'));
  expect(await state('egress-deny')).toBe('unknown');
});

test('says what to do first, and gives a page; an empty folder is no success', async () => {
  const text = await place.run(['assess'], { cwd: repository });
  expect(text.status).toBe(1);
  expect(text.stdout).toContain('what to do first');
  const page = await place.run(['assess', '--format', 'html'], { cwd: repository });
  expect(page.stdout).toContain('<!doctype html>');
  const empty = await place.run(['assess', place.directory]);
  expect(empty.status).toBe(2);
});
