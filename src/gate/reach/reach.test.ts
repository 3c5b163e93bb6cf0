import { describe, expect, it } from 'vitest';
import { ok } from '../../base/index.ts';
import { judge } from '../check.ts';
import { readRepository } from '../repository/read-repository.ts';
import { mermaid } from './mermaid.ts';
import { type Origin, reach } from './reach.ts';

async function subjectOf(files: Readonly<Record<string, string>>) {
  const gathered = Object.entries(files).map(([path, text]) => ({
    path: path.includes('/') ? path : `.github/workflows/${path}`,
    kind: path.endsWith('action.yml') ? ('action' as const) : ('workflow' as const),
    read: ok(Buffer.from(text)),
  }));
  const repository = await readRepository(gathered);
  expect(repository.unread).toEqual([]);
  return judge(repository, []).subject;
}

async function ask(
  files: Readonly<Record<string, string>>,
  from: Origin = 'fork-pull-request',
  to = 'TOKEN',
) {
  const answer = reach(await subjectOf(files), from, to);
  return {
    ...answer,
    places: answer.ways.map(({ hops }) => hops.map(({ at }) => `${at.file.split('/').at(-1)}:${at.line}`)),
  };
}

const build = (event: string, ref: string, secret: string) => `on: ${event}
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: { ref: '${ref}' }
      - run: npm ci
      - run: npm publish
        env: { T: '\${{ secrets.${secret} }}' }
`;
const HEAD = '${{ github.event.pull_request.head.sha }}';

describe('from a fork\u2019s pull request to a secret', () => {
  it('there is a path where the head is checked out and run beside it, from the event to where the job holds it', async () => {
    const { places } = await ask({ 'ci.yml': build('pull_request_target', HEAD, 'TOKEN') });
    expect(places).toEqual([['ci.yml:1', 'ci.yml:7', 'ci.yml:7', 'ci.yml:8', 'ci.yml:10']]);
  });

  it('there is none in its twins: on pull_request, with the base, or with another secret', async () => {
    expect((await ask({ 'ci.yml': build('pull_request', HEAD, 'TOKEN') })).unreached[0]?.why).toContain(
      'no secrets',
    );
    const base = await ask({ 'ci.yml': build('pull_request_target', '${{ github.sha }}', 'TOKEN') });
    expect(base.ways).toEqual([]);
    expect(base.unreached[0]?.why).toContain('no way is known');
    expect(await ask({ 'ci.yml': build('pull_request_target', HEAD, 'OTHER') })).toMatchObject({
      known: false,
      ways: [],
    });
  });

  it('there is one through an artifact of the pull request\u2019s own run', async () => {
    const report = (names: string) => `on: { workflow_run: { workflows: [${names}] } }
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@v4
        with: { run-id: '\${{ github.event.workflow_run.id }}' }
      - run: node report.js
        env: { T: '\${{ secrets.TOKEN }}' }
`;
    const ci = (event: string) =>
      `name: ci\non: ${event}\njobs: { a: { runs-on: x, steps: [ { run: make } ] } }\n`;
    expect((await ask({ 'report.yml': report('ci'), 'ci.yml': ci('pull_request') })).ways).toHaveLength(1);
    expect((await ask({ 'report.yml': report('ci'), 'ci.yml': ci('push') })).ways).toEqual([]);
  });

  it('there is one through the default branch\u2019s cache into a release that no stranger starts', async () => {
    const release = (step: string) =>
      `on: release\njobs: { r: { runs-on: x, steps: [ { uses: ${step} }, { run: npm publish, env: { T: '\${{ secrets.TOKEN }}' } } ] } }\n`;
    const files = { 'ci.yml': build('pull_request_target', HEAD, 'OTHER') };
    const { places } = await ask({ ...files, 'release.yml': release('actions/cache@v4') });
    expect(places[0]?.slice(-2)).toEqual(['release.yml:2', 'release.yml:2']);
    expect((await ask({ ...files, 'release.yml': release('actions/checkout@v4') })).ways).toEqual([]);
  });

  it('there is one through a composite action, a called workflow and the name that its caller gives the secret', async () => {
    const files = {
      'caller.yml': `on: pull_request_target\njobs: { a: { uses: ./.github/workflows/called.yml, with: { t: '\${{ github.event.pull_request.title }}' }, secrets: { X: '\${{ secrets.TOKEN }}' } } }\n`,
      'called.yml': `on: { workflow_call: { inputs: { t: { type: string } }, secrets: { X: {} } } }\njobs:\n  b:\n    runs-on: x\n    env: { K: '\${{ secrets.X }}' }\n    steps: [ { uses: ./act, with: { text: '\${{ inputs.t }}' } } ]\n`,
      'act/action.yml':
        'name: a\ninputs: { text: {} }\nruns: { using: composite, steps: [ { shell: bash, run: "echo ${{ inputs.text }}" } ] }\n',
    };
    const { ways } = await ask(files);
    expect(ways).toMatchObject([{ job: 'b', workflow: '.github/workflows/called.yml', secret: 'TOKEN' }]);
    const quiet = {
      ...files,
      'act/action.yml': files['act/action.yml'].replace('echo ${{ inputs.text }}', 'true'),
    };
    expect((await ask(quiet)).ways).toEqual([]);
  });

  it('a comment is another origin than a pull request', async () => {
    const files = {
      'c.yml':
        "on: issue_comment\njobs: { a: { runs-on: x, env: { T: '${{ secrets.TOKEN }}' }, steps: [ { run: 'echo ${{ github.event.comment.body }}' } ] } }\n",
    };
    expect((await ask(files)).ways).toEqual([]);
    expect((await ask(files, 'comment')).ways).toHaveLength(1);
    expect((await ask(files, 'anyone')).ways).toHaveLength(1);
  });
});

it('the picture holds events, jobs and secrets, marks what a stranger takes over, and no name in it is markup', async () => {
  const text = mermaid(
    await subjectOf({
      'ci.yml': build('pull_request_target', HEAD, 'TOKEN').replace('  a:', '  "a]--x\\"</b>":'),
    }),
  );
  expect(text.split('\n')[0]).toBe('flowchart LR');
  expect(text).toMatch(/n0\["ci\.yml: a#93;--x#34;#60;\/b#62;"\]:::taken/);
  expect(text).toContain('"pull_request_target"]):::strange');
  expect(text).toMatch(/n1 ==> n0/);
  expect(text).toContain('TOKEN');
});

it('a way leads over a machine of one’s own that a fork’s pull request and a release share', async () => {
  const files = (label: string) => ({
    'pr.yml': `on: pull_request\njobs: { a: { runs-on: [self-hosted, ${label}], steps: [ { run: make } ] } }\n`,
    'release.yml': `on: push\njobs:\n  a:\n    runs-on: [self-hosted, big]\n    steps:\n      - run: npm publish\n        env: { T: '\${{ secrets.TOKEN }}' }\n`,
  });
  expect((await ask(files('big'))).places).toEqual([
    ['pr.yml:1', 'pr.yml:2', 'release.yml:4', 'release.yml:7'],
  ]);
  expect((await ask(files('small'))).places).toEqual([]);
  expect((await ask(files('big'), 'issue')).places).toEqual([]);
});
