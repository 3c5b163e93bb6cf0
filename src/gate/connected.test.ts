import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ok } from '../base/index.ts';
import { askRules } from './ask-rules.ts';
import { judge } from './check.ts';
import { connectedParts, onlyOf } from './connected.ts';
import type { Finding } from './finding.ts';
import { kindOf } from './repository/gather-files.ts';
import type { Repository } from './repository/model.ts';
import { readRepository } from './repository/read-repository.ts';
import { RULES } from './rules.ts';
import { Subject } from './subject.ts';

const CONNECTED = RULES.filter(({ looksAt }) => looksAt === 'connected');

interface Case {
  readonly workflow?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** The workflows of all rules' cases as one repository, and a few that call one another. */
async function everyCase(): Promise<Repository> {
  const cases = RULES.flatMap(
    ({ id }) =>
      parse(readFileSync(join(import.meta.dirname, 'rules', id, 'cases.yaml'), 'utf8')) as readonly Case[],
  );
  const workflows = cases.flatMap(({ workflow }, n) =>
    workflow === undefined ? [] : [[`.github/workflows/case-${n}.yml`, workflow] as const],
  );
  return repositoryOf([...workflows, ...CALLING]);
}

const CALLING = Object.entries({
  '.github/workflows/calling.yml': `on: issue_comment
jobs:
  a:
    uses: ./.github/workflows/called.yml
    with: { text: '\${{ github.event.comment.body }}' }
    secrets: inherit
  b:
    runs-on: ubuntu-latest
    steps:
      - uses: ./an-action
        with: { text: '\${{ github.event.comment.body }}' }
`,
  'cofferdam.yaml': 'version: 1\ngate: { uses: { deny: [ actions/* ] } }\n',
  '.github/workflows/called.yml': `on: { workflow_call: { inputs: { text: { type: string } } } }
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: echo \${{ inputs.text }} \${{ secrets.A }}
`,
  'an-action/action.yml': `name: a
description: a
inputs: { text: { description: a } }
runs:
  using: composite
  steps:
    - run: echo \${{ inputs.text }}
      shell: bash
`,
  '.github/workflows/tested.yml': `name: tested
on: pull_request
jobs: { a: { runs-on: ubuntu-latest, steps: [{ run: make }] } }
`,
  '.github/workflows/starting.yml': `on: issue_comment
permissions: { actions: write }
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: gh workflow run started-by-hand.yml -f "what=$BODY"
        env: { BODY: '\${{ github.event.comment.body }}', GH_TOKEN: '\${{ github.token }}' }
`,
  '.github/workflows/started-by-hand.yml': `on: { workflow_dispatch: { inputs: { what: { type: string } } } }
jobs: { a: { runs-on: ubuntu-latest, steps: [{ run: 'echo \${{ inputs.what }}' }] } }
`,
  '.github/workflows/afterwards.yml': `on: { workflow_run: { workflows: [tested], types: [completed] } }
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@v4
        with: { run-id: '\${{ github.event.workflow_run.id }}' }
      - run: make
`,
});

async function repositoryOf(files: readonly (readonly [string, string])[]): Promise<Repository> {
  const repository = await readRepository(
    files.map(([path, text]) => ({ path, kind: kindOf(path) ?? 'workflow', read: ok(Buffer.from(text)) })),
  );
  return repository;
}

/** What is said of each place once, as a judgement tells it: two jobs may share a place by an alias. */
function told(findings: readonly Finding[]): readonly string[] {
  const first = new Map<string, Finding>();
  for (const finding of findings) {
    const { rule, at, message } = finding;
    const key = JSON.stringify([rule, at.file, at.line, at.column, message]);
    if (!first.has(key)) first.set(key, finding);
  }
  return [...first.values()].map((finding) => JSON.stringify(finding)).toSorted();
}

/** What is computed once for all and is a list or a map by file, job or step. */
const OF_PARTS = new Set([
  'dispatches',
  'newMap',
  'placedIn',
  'ofOthers',
  'follow',
  'findHolders',
  'holdersByJob',
  'find',
]);

let repository: Repository;
let parts: ReturnType<typeof connectedParts>;
let whole: ReadonlyMap<string, readonly Finding[]>;
beforeAll(async () => {
  repository = await everyCase();
  parts = connectedParts(new Subject(repository));
  // Asked about all files at once, and not in parts as a judgement asks.
  const { findings } = askRules(CONNECTED, new Subject(repository));
  whole = Map.groupBy(findings, ({ rule }) => rule);
});

describe('what a rule that looks at what is connected finds follows from that alone', () => {
  it('parts are what calls one another, and what starts one another', () => {
    const large = parts.filter(({ length }) => length > 1).map((part) => part.join(' '));
    expect(large).toContain(
      '.github/workflows/called.yml .github/workflows/calling.yml an-action/action.yml',
    );
    expect(large.some((part) => /started-by-hand\.yml.*starting\.yml/.test(part))).toBe(true);
    expect(large.some((part) => /afterwards\.yml.*tested\.yml/.test(part))).toBe(true);
    expect(parts.flat().toSorted()).toEqual(
      [...repository.workflows, ...repository.actions, ...repository.dependabot, ...repository.policies]
        .map(({ source }) => source.path)
        .toSorted(),
    );
    expect(parts.length).toBeGreaterThan(500);
  });

  it('each of them finds the same in a part by itself as beside all others', () => {
    const alone = parts.flatMap((part) => judge(onlyOf(repository, new Set(part)), CONNECTED).every);
    const byRule = Map.groupBy(alone, ({ rule }) => rule);
    expect([...byRule.keys()].length).toBeGreaterThan(60);
    for (const { id } of CONNECTED) expect(told(byRule.get(id) ?? []), id).toEqual(told(whole.get(id) ?? []));
  }, 120_000);

  it('no other of them asks what follows from the whole repository than what is told part by part', () => {
    const asked = new Set<string>();
    class NotedSubject extends Subject {
      override once<T>(compute: (subject: Subject) => T): T {
        asked.add(compute.name);
        return super.once(compute);
      }
    }
    const subject = new NotedSubject(repository);
    for (const rule of CONNECTED) expect([...rule.check(subject)].length).toBeGreaterThanOrEqual(0);
    // What is added here must hold for a file whatever files there are that are not connected with it. Takeovers do not.
    expect([...asked].filter((name) => !OF_PARTS.has(name))).toEqual([]);
    expect(asked.size).toBeGreaterThan(4);
  }, 60_000);

  it('a judgement of which parts are known gives the same findings in the same order', async () => {
    const { every } = judge(repository);
    const of = Map.groupBy(every, ({ at }) => at.file);
    const known = (part: readonly string[]) => part.flatMap((path) => of.get(path) ?? []);
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.boolean()), async (changes) => {
        const changed = new Set(parts.filter(() => changes.next().value === true));
        const again = judge(repository, RULES, undefined, (part) =>
          [...changed].some((one) => one.join() === part.join()) ? undefined : known(part),
        );
        expect(again.every).toEqual(every);
      }),
      { numRuns: 3 },
    );
  }, 120_000);
});
