import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readWorkflow } from '../../src/workflow/index.ts';
import { RUNS_KEYS } from '../../src/workflow/read/read-action.ts';
import { JOB_KEYS } from '../../src/workflow/read/read-job.ts';
import { STEP_KEYS } from '../../src/workflow/read/read-steps.ts';
import { WORKFLOW_KEYS } from '../../src/workflow/read/read-workflow.ts';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/workflows.md', root), 'utf8');

/** The rows of one of the page's tables: key and what becomes of it. */
function rows(heading: string): ReadonlyMap<string, string> {
  const section = page.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  return new Map(
    [...section.matchAll(/^\| `([^`]+)` \| (\S[^|]*?) \|/gm)].map((row) => [row[1] ?? '', row[2] ?? '']),
  );
}

const tables = {
  'The workflow': WORKFLOW_KEYS,
  '`jobs.<job_id>`\n': JOB_KEYS,
  '`jobs.<job_id>.steps[*]`': STEP_KEYS,
  'Local actions': RUNS_KEYS,
};

/** GitHub's own schema of the syntax, as its parser publishes it. */
function published(...definitions: readonly string[]): readonly string[] {
  const file = new URL('node_modules/@actions/workflow-parser/dist/workflow-v1.0.min.json', root);
  const schema = JSON.parse(readFileSync(file, 'utf8')) as {
    definitions: Record<string, { mapping?: { properties?: Record<string, unknown> } }>;
  };
  return definitions.flatMap((name) => Object.keys(schema.definitions[name]?.mapping?.properties ?? {}));
}

const JOB = { 'runs-on': 'ubuntu-latest', steps: [{ run: 'true' }] };
const SAMPLES: Readonly<Record<string, unknown>> = {
  name: 'n',
  description: 'd',
  'run-name': 'r',
  on: 'push',
  env: { A: 'b' },
  defaults: { run: { shell: 'sh' } },
  permissions: { contents: 'read' },
  concurrency: { group: 'g', 'cancel-in-progress': true },
  jobs: { a: JOB },
  needs: [],
  if: 'always()',
  'runs-on': ['ubuntu-latest'],
  environment: { name: 'e', url: 'u', deployment: false },
  outputs: { o: '1' },
  steps: [{ run: 'true' }],
  'timeout-minutes': 1,
  strategy: { matrix: { a: [1], include: [], exclude: [] }, 'fail-fast': true, 'max-parallel': 1 },
  'continue-on-error': true,
  id: 'i',
  run: 'true',
  shell: 'bash',
  'working-directory': '.',
  uses: './x',
  with: { a: 'b' },
};
const ACTION_KEYS = new Set(['uses', 'with']);

async function rules(workflow: unknown): Promise<readonly string[]> {
  const read = await readWorkflow('w.yml', Buffer.from(JSON.stringify(workflow)));
  return (read.ok ? read.value.lacks.map(({ why }) => why) : read.error).map((one) => one.rule);
}

describe('docs/workflows.md', () => {
  it.each(Object.entries(tables))('names every key of %s, and no other', (heading, keys) => {
    expect([...rows(heading).keys()].toSorted()).toEqual([...keys].toSorted());
    for (const becomes of rows(heading).values()) expect(['runs', 'no effect', 'refused']).toContain(becomes);
  });

  it('and the code know every key of GitHub’s published schema', () => {
    const steps = published(
      'run-step',
      'regular-step',
      'wait-step',
      'wait-all-step',
      'cancel-step',
      'parallel-step',
    );
    expect(steps.length).toBeGreaterThan(20);
    for (const key of published('workflow-root-strict')) expect(WORKFLOW_KEYS).toContain(key);
    for (const key of published('job-factory', 'workflow-job')) expect(JOB_KEYS).toContain(key);
    for (const key of steps) expect(STEP_KEYS).toContain(key);
  });

  it.each([
    ...[...rows('The workflow')].map((row) => ['workflow', ...row] as const),
    ...[...rows('`jobs.<job_id>`\n')].map((row) => ['job', ...row] as const),
    ...[...rows('`jobs.<job_id>.steps[*]`')].map((row) => ['step', ...row] as const),
  ])('says of a %s’s %s what happens: %s', async (level, key, becomes) => {
    const value = SAMPLES[key] ?? 'x';
    const step =
      level === 'step'
        ? { ...(ACTION_KEYS.has(key) ? { uses: './x' } : { run: 'true' }), [key]: value }
        : { run: 'true' };
    const job = level === 'job' ? { ...JOB, [key]: value } : { ...JOB, steps: [step] };
    const workflow = { on: 'push', jobs: { a: job }, ...(level === 'workflow' && { [key]: value }) };
    const found = await rules(workflow);
    if (becomes === 'refused') expect(found[0]).toMatch(/^workflow\/(?:unsupported|job)$/);
    else expect(found).toEqual([]);
  });
});
