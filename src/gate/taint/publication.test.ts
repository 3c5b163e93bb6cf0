import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { ok } from '../../base/index.ts';
import { judge } from '../check.ts';
import { readRepository } from '../repository/read-repository.ts';
import { publishes } from './publication.ts';

const DATA = parse(readFileSync(join(import.meta.dirname, 'publication.yaml'), 'utf8')) as {
  readonly publishes: readonly string[];
  readonly 'does-not': readonly string[];
};

async function asked(step: string): Promise<boolean> {
  const lines = step.startsWith('- ') ? step.trimEnd().split('\n') : [`- run: ${JSON.stringify(step)}`];
  const steps = lines.map((line) => `      ${line}`).join('\n');
  const text = `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n${steps}\n`;
  const repository = await readRepository([
    { path: '.github/workflows/a.yml', kind: 'workflow', read: ok(Buffer.from(text)) },
  ]);
  expect(repository.unread).toEqual([]);
  const { subject } = judge(repository, []);
  const [file] = repository.workflows;
  const [job] = file?.jobs ?? [];
  if (file === undefined || job === undefined) throw new Error(`no job is in ${text}`);
  return publishes(subject, { file, job }) !== undefined;
}

it('knows what publishes or deploys in many ecosystems', async () => {
  expect(DATA.publishes.length).toBeGreaterThan(150);
  const missed: string[] = [];
  for (const step of DATA.publishes) if (!(await asked(step))) missed.push(step);
  expect(missed).toEqual([]);
});

it('takes a trial, a build, and what stays on the machine for no publication', async () => {
  expect(DATA['does-not'].length).toBeGreaterThan(60);
  const wrong: string[] = [];
  for (const step of DATA['does-not']) if (await asked(step)) wrong.push(step);
  expect(wrong).toEqual([]);
});
