import { describe, expect, it } from 'vitest';
import { ok } from '../base/index.ts';
import { judge } from './check.ts';
import { readRepository } from './repository/read-repository.ts';
import type { Rule } from './rule.ts';

const file = (name: string, event: string) => ({
  path: `.github/workflows/${name}.yml`,
  kind: 'workflow' as const,
  read: ok(Buffer.from(`on: ${event}\njobs: { a: { runs-on: x, steps: [ { run: y } ] } }\n`)),
});

/** Finds each workflow, and throws behind the first one that runs on `fork`. */
const rule = (looksAt?: 'connected'): Rule => ({
  id: 'falls',
  title: 't',
  severity: 'low',
  confidence: 'low',
  persona: 'default',
  guide: [],
  alsoKnownAs: [],
  ...(looksAt !== undefined && { looksAt }),
  *check({ repository }) {
    for (const { source, triggers } of repository.workflows) {
      yield { at: { file: source.path, line: 1, column: 1, length: 1 }, message: 'm', fix: 'f' };
      if (triggers[0]?.event === 'fork') throw new RangeError('Maximum call stack size exceeded');
    }
  },
});
const calm: Rule = {
  ...rule(),
  id: 'calm',
  check: ({ repository }) =>
    repository.workflows.map(({ source }) => ({
      at: { file: source.path, line: 1, column: 1, length: 1 },
      message: 'm',
      fix: 'f',
    })),
};
const judged = async (looksAt?: 'connected') =>
  judge(await readRepository([file('a', 'push'), file('b', 'fork'), file('c', 'push')]), [
    rule(looksAt),
    calm,
  ]);
const said = ({ findings }: Awaited<ReturnType<typeof judged>>) =>
  findings.map(({ at, rule: id, message }) => `${at.file.slice(18, 19)} ${id} ${message}`);

describe('a rule that throws', () => {
  it('is told at the files of which it says nothing, and takes nothing from other files and rules', async () => {
    const judgement = await judged('connected');
    expect(said(judgement)).toEqual([
      'a calm m',
      'a falls m',
      'b calm m',
      'b unread-file the rule falls came to no end: what it would find in .github/workflows/b.yml is not known',
      'c calm m',
      'c falls m',
    ]);
    expect(judgement.failed).toEqual(new Set(['falls']));
  });

  it('that looks at the whole repository is told once, as a finding of severity high', async () => {
    const judgement = await judged();
    expect(said(judgement)).toEqual([
      'a calm m',
      'a unread-file the rule falls came to no end: what it would find in .github/workflows/a.yml and what belongs to it is not known',
      'b calm m',
      'c calm m',
    ]);
    expect(judgement.findings.find(({ rule: id }) => id === 'unread-file')?.severity).toBe('high');
  });
});
