import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ok } from '../base/index.ts';
import { mergedAdvisories, shippedAdvisories } from './advisories/shipped.ts';
import { judge, type Judgement, shownTo } from './check.ts';
import type { Facts, RefFacts, UsesPolicy } from './facts.ts';
import type { Persona } from './finding.ts';
import { fixAll } from './fix/fix-all.ts';
import { type GatheredFile, kindOf } from './repository/gather-files.ts';
import { readRepository } from './repository/read-repository.ts';
import { fixLine } from './report/fix-line.ts';
import type { Rule } from './rule.ts';
import { ruleTable } from './report/rule-table.ts';
import { RULES } from './rules.ts';

interface Case {
  readonly name: string;
  /** One workflow, or whole files by path. */
  readonly workflow?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** What a mirror says of refs, by pin. */
  readonly refs?: Readonly<Record<string, RefFacts>>;
  /** What the operator\u2019s file says of `uses`. */
  readonly uses?: UsesPolicy;
  /** What this persona is told of it; absent: all that there is. */
  readonly persona?: Persona;
  /** Lines of the (first) file where the rule must find something, and nowhere else; `FILE:LINE` in another. */
  readonly finds: readonly (number | string)[];
  /** The (first) file after the safe mends of the rule; and after the unsafe ones as well. */
  readonly fixed?: string;
  readonly 'fixed-unsafe'?: string;
}

const folder = join(import.meta.dirname, 'rules');
const SHIPPED = mergedAdvisories(shippedAdvisories(), undefined);
const FIRST = '.github/workflows/case.yml';

function casesOf(rule: Rule): readonly Case[] {
  return parse(readFileSync(join(folder, rule.id, 'cases.yaml'), 'utf8')) as readonly Case[];
}

function filesOf(one: Case): readonly GatheredFile[] {
  return Object.entries(one.files ?? { [FIRST]: one.workflow ?? '' }).map(([path, text]) => {
    const kind = kindOf(path);
    if (kind === undefined) throw new Error(`${path} is no file that the gate reads`);
    return { path, kind, read: ok(Buffer.from(text)) };
  });
}

function factsOf(one: Case): Facts {
  const { date, advisories: list } = SHIPPED;
  return {
    refs: new Map(Object.entries(one.refs ?? {})),
    advisories: { date, list },
    ...(one.uses !== undefined && { uses: one.uses }),
  };
}

async function found(rule: Rule, one: Case): Promise<readonly string[]> {
  const files = filesOf(one);
  const first = files[0]?.path ?? '';
  const repository = await readRepository(files);
  if (rule.id !== 'unread-file') expect(repository.unread, 'the case itself must be readable').toEqual([]);
  const { findings } = judge(repository, [rule], factsOf(one));
  const places = shownTo(one.persona ?? 'auditor', findings).map(({ at }) =>
    at.file === first ? `${at.line}` : `${at.file}:${at.line}`,
  );
  return [...new Set(places)].toSorted();
}

/** The first file after all mends of one rule; `bytes` are compared, so that what is not meant stays as it was. */
async function fixed(rule: Rule, one: Case, unsafe: boolean): Promise<string | undefined> {
  const choose = ({ findings }: Judgement) =>
    Promise.resolve(findings.filter(({ rule: id }) => id === rule.id));
  const fixes = await fixAll({ files: filesOf(one), unsafe, choose, facts: factsOf(one) });
  const { read } = fixes.all[0] ?? {};
  return read?.ok === true ? Buffer.from(read.value).toString() : undefined;
}

describe.each(RULES.map((rule) => [rule.id, rule] as const))('%s', (id, rule) => {
  const cases = casesOf(rule);

  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    expect(await found(rule, one)).toEqual(one.finds.map(String).toSorted());
  });

  const toFix = cases.filter((one) => one.fixed !== undefined || one['fixed-unsafe'] !== undefined);
  if (rule.mend !== undefined) {
    it.each(toFix.map((one) => [one.name, one] as const))('%s: mended', async (_, one) => {
      const before = filesOf(one)[0]?.read;
      const text = before?.ok === true ? Buffer.from(before.value).toString() : '';
      expect(await fixed(rule, one, false)).toBe(one.fixed ?? text);
      if (one['fixed-unsafe'] !== undefined) expect(await fixed(rule, one, true)).toBe(one['fixed-unsafe']);
    });
  }

  it('has cases of what it mends, when it mends anything', () => {
    expect(toFix.length).toBeGreaterThanOrEqual(rule.mend === undefined ? 0 : 2);
    if (rule.mend === undefined) expect(toFix).toEqual([]);
  });

  it('has four cases that it must find and four that it must not, each with a name of its own', () => {
    expect(cases.filter(({ finds }) => finds.length > 0).length).toBeGreaterThanOrEqual(4);
    expect(cases.filter(({ finds }) => finds.length === 0).length).toBeGreaterThanOrEqual(4);
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });

  it('says in its page what it finds, why it matters, how to mend it, and what it does not see', () => {
    const page = readFileSync(join(folder, id, 'rule.md'), 'utf8');
    expect(page).toContain(`# ${id}\n`);
    for (const title of ['## What', '## Why', '## Mend', '## Not seen']) expect(page).toContain(title);
  });

  it('says in its page what --fix does of it, as its cases show (npm run reference writes it)', () => {
    const page = readFileSync(join(folder, id, 'rule.md'), 'utf8');
    expect(page).toContain(`## Mend\n${fixLine(rule.mend !== undefined, cases)}\n\n`);
  });
});

it('the page of check has the table of all rules (npm run reference writes it)', () => {
  expect(readFileSync(join(import.meta.dirname, '../../docs/check.md'), 'utf8')).toContain(ruleTable());
});

it('every folder of a rule is in the list, in order, and no other', () => {
  expect(RULES.map(({ id }) => id)).toEqual(readdirSync(folder).toSorted());
});
