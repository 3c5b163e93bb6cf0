import { describe, expect, it } from 'vitest';
import { ok } from '../../base/index.ts';
import { judge } from '../check.ts';
import { readRepository } from '../repository/read-repository.ts';
import { leastOf } from './least.ts';

async function least(steps: string, action = 'name: a\nruns: { using: composite, steps: [] }\n') {
  const repository = await readRepository([
    {
      path: '.github/workflows/a.yml',
      kind: 'workflow',
      read: ok(Buffer.from(`on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n${steps}`)),
    },
    { path: 'act/action.yml', kind: 'action', read: ok(Buffer.from(action)) },
  ]);
  expect(repository.unread).toEqual([]);
  const { subject } = judge(repository, []);
  const [file] = repository.workflows;
  const job = file?.jobs[0];
  if (file === undefined || job === undefined) throw new Error('the workflow has no job');
  const { scopes, whole } = leastOf(subject, file, job);
  return { scopes: Object.fromEntries(scopes), whole };
}

describe('the least of a job’s token', () => {
  it('is what its actions and commands are known to use, the stronger of two', async () => {
    expect(await least('      - uses: actions/checkout@v4\n      - run: git push\n')).toEqual({
      scopes: { contents: 'write' },
      whole: true,
    });
  });

  it('goes into composite actions of the repository, and no circle of them is followed for ever', async () => {
    const inner =
      'name: a\nruns:\n  using: composite\n  steps:\n    - { uses: ./act }\n    - { shell: bash, run: gh release create v1 }\n';
    expect(await least('      - uses: ./act\n', inner)).toMatchObject({ scopes: { contents: 'write' } });
  });

  it('is open as soon as one step is not known', async () => {
    expect((await least('      - uses: someone/thing@v1\n')).whole).toBe(false);
    expect((await least('      - run: ./release.sh\n')).whole).toBe(false);
    expect((await least('      - run: $(cat x) a\n')).whole).toBe(false);
    expect((await least('      - { run: x, shell: pwsh }\n')).whole).toBe(false);
    expect((await least('      - run: gh api x -X POST\n')).whole).toBe(false);
  });
});
