import { expect, it } from 'vitest';
import { ok } from '../../base/index.ts';
import { judge } from '../check.ts';
import { readRepository } from '../repository/read-repository.ts';
import { placedRuns } from './zones.ts';

async function placed(files: Readonly<Record<string, string>>) {
  const repository = await readRepository(
    Object.entries(files).map(([path, text]) => ({
      path: `.github/workflows/${path}`,
      kind: 'workflow' as const,
      read: ok(Buffer.from(text)),
    })),
  );
  expect(repository.unread).toEqual([]);
  return placedRuns(judge(repository, []).subject).map(
    ({ job, event, of, zone }) => `${job}: ${event} of ${of}: ${zone}`,
  );
}

const JOB = 'runs-on: ubuntu-latest, steps: [ { run: x } ]';

it('a pull request is in two zones: of a fork untrusted, of a member’s own branch internal at most', async () => {
  expect(await placed({ 'a.yml': `on: pull_request\njobs: { a: { ${JOB} } }\n` })).toEqual([
    'a: pull_request of a fork: untrusted',
    'a: pull_request of an own branch by a member: internal',
  ]);
});

it('a push is of a branch or of a tag, as its filter says, and an environment that is written out can make it a release', async () => {
  const on = (push: string) => `on: { push: ${push} }\n`;
  const one = (push: string, more = '') => placed({ 'a.yml': `${on(push)}jobs: { a: { ${more}${JOB} } }\n` });
  expect(await one('{ branches: [main] }')).toEqual(['a: push of a branch: internal']);
  expect(await one('{ tags: [v1] }')).toEqual(['a: push of a tag: release']);
  expect(await one('{}')).toEqual(['a: push of a branch: internal', 'a: push of a tag: release']);
  expect(await one('{ branches: [main] }', 'environment: prod, ')).toEqual(['a: push of a branch: release']);
  expect(await one('{ branches: [main] }', "environment: '${{ inputs.x }}', ")).toEqual([
    'a: push of a branch: internal',
  ]);
});

it('what carries what others wrote is untrusted whatever can be proven, also when it comes by a call', async () => {
  expect(
    await placed({
      'a.yml': 'on: [pull_request_target, issue_comment]\njobs: { a: { uses: ./.github/workflows/b.yml } }\n',
      'b.yml': `on: workflow_call\njobs: { b: { environment: prod, ${JOB} } }\n`,
    }),
  ).toEqual([
    'a: pull_request_target of a branch: untrusted',
    'a: issue_comment of a branch: untrusted',
    'b: pull_request_target of a branch: untrusted',
    'b: issue_comment of a branch: untrusted',
  ]);
});
