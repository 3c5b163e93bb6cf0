import { describe, expect, it } from 'vitest';
import { ok } from '../base/index.ts';
import { judge, readRepository } from '../gate/index.ts';
import { judgeChecklist } from './checklist.ts';
import { type Facts, NO_RECORDS, type RecordedRuns } from './facts.ts';
import { factsOf } from './facts-of.ts';
import { assessMarkdown } from './markdown.ts';
import { assessPage } from './page.ts';
import { planFrom } from './plan.ts';

async function factsFrom(workflow: string, records: RecordedRuns = NO_RECORDS): Promise<Facts> {
  const repository = await readRepository([
    { path: '.github/workflows/a.yml', kind: 'workflow', read: ok(Buffer.from(workflow)) },
  ]);
  return factsOf('repo', judge(repository), [], records);
}

const GOOD = `name: a
on: push
permissions: {}
jobs:
  a:
    name: a
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps: [ { run: echo a } ]
`;
const states = (facts: Facts) =>
  Object.fromEntries(judgeChecklist(facts).map(({ id, state }) => [id, state]));

describe('the checklist', () => {
  it('calls met what is seen to be so, and not known what nothing is seen of', async () => {
    expect(states(await factsFrom(GOOD))).toEqual({
      'untrusted-isolated': 'met',
      'ephemeral-runners': 'met',
      'token-read-only': 'met',
      'no-long-lived-keys': 'partly',
      'egress-deny': 'unknown',
      profiles: 'unknown',
      quotas: 'met',
      provenance: 'none',
      'incident-response': 'unknown',
    });
  });

  it('calls an item not met as soon as one finding speaks against it, and shows where', async () => {
    const facts = await factsFrom(
      `on: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - { uses: actions/checkout@v4, with: { ref: '\${{ github.head_ref }}' } }\n      - { run: make, env: { T: '\${{ secrets.T }}' } }\n`,
    );
    expect(states(facts)).toMatchObject({
      'untrusted-isolated': 'open',
      'token-read-only': 'open',
      quotas: 'open',
    });
    const [item] = judgeChecklist(facts);
    expect(item?.findings.map(({ rule }) => rule)).toContain('secret-reach');
  });

  it('is met by no machine of one’s own, as nothing says that it is thrown away', async () => {
    expect(states(await factsFrom(GOOD.replace('ubuntu-24.04', 'self-hosted')))['ephemeral-runners']).toBe(
      'unknown',
    );
  });

  it('takes recorded runs for what they show, and one job without its walls against it', async () => {
    const seen = { ...NO_RECORDS, runs: 2, jobs: { untrusted: 3 }, armed: 3, destroyed: 3 };
    expect(states(await factsFrom(GOOD, seen))).toMatchObject({
      'egress-deny': 'partly',
      profiles: 'partly',
    });
    expect(states(await factsFrom(GOOD, { ...seen, armed: 2 }))).toMatchObject({
      'egress-deny': 'open',
      profiles: 'open',
    });
  });

  it('knows nothing of a repository without workflows', async () => {
    const facts = { ...(await factsFrom(GOOD)), workflows: 0, jobs: 0, placed: [] };
    expect(Object.values(states(facts))).not.toContain('met');
  });
});

describe('the plan', () => {
  it('puts first what removes most for its effort, and last what is done', async () => {
    const plan = planFrom(
      judgeChecklist(
        await factsFrom(
          'on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps: [ { run: echo a, env: { AWS_SECRET_ACCESS_KEY: "${{ secrets.K }}" } } ]\n',
        ),
      ),
    );
    expect(plan[0]).toMatchObject({ done: false });
    const ratios = plan
      .filter(({ done }) => !done)
      .map(({ exposure, effort }) => exposure / { hours: 1, days: 3, weeks: 8 }[effort]);
    expect(ratios).toEqual(ratios.toSorted((a, b) => b - a));
    expect(plan.findIndex(({ done }) => done)).toBeGreaterThan(plan.findLastIndex(({ done }) => !done));
    expect(plan.map(({ id }) => id).toSorted()).toHaveLength(10);
  });

  it('never calls done what nothing was seen of', async () => {
    const facts = { ...(await factsFrom(GOOD)), workflows: 0, jobs: 0, placed: [] };
    const done = planFrom(judgeChecklist(facts)).filter((one) => one.done);
    expect(done.map(({ id }) => id)).not.toContain('default-deny-egress');
    expect(done.map(({ id }) => id)).not.toContain('least-privilege');
    expect(done.map(({ id }) => id)).not.toContain('split-pools');
  });
});

it('pages hold a hostile name as text, and the page has no script and loads nothing', async () => {
  const facts = { ...(await factsFrom(GOOD)), name: '<script>alert(1)</script>|`x`' };
  const items = judgeChecklist(facts);
  const assessment = { facts, items, plan: planFrom(items) };
  const page = assessPage(assessment, '0', '2026-11-25');
  expect(page).not.toContain('<script');
  expect(page).not.toMatch(/(?:src|href)="(?!#)/);
  expect(page).toContain("default-src 'none'");
  expect(assessMarkdown(assessment)).not.toContain('`x`');
});
