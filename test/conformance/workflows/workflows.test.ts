import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { err } from '../../../src/base/index.ts';
import { conditionSource } from '../../../src/workflow/expressions/evaluate-text.ts';
import {
  EvaluationWork,
  evaluateText,
  type Job,
  readWorkflow,
  type Step,
} from '../../../src/workflow/index.ts';

/**
 * GitHub's public cases for reading workflows (actions/languageservices, MIT; licence beside the data): options, a
 * workflow, files that it uses, and what is expected. `differences.yaml` names each case that ends here otherwise.
 */
interface Expected {
  readonly errors?: readonly { readonly Message: string }[];
  readonly jobs?: readonly ExpectedJob[];
}
interface ExpectedJob {
  readonly id: unknown;
  readonly if?: { readonly expr: string };
  readonly needs?: readonly unknown[];
  readonly steps?: readonly {
    readonly id: string;
    readonly if?: { readonly expr: string };
    readonly run?: unknown;
    readonly uses?: unknown;
  }[];
}
interface Differences {
  readonly refused: Readonly<Record<string, { readonly rules: string; readonly cases: readonly string[] }>>;
  readonly taken: Readonly<Record<string, { readonly cases: readonly string[] }>>;
}

const here = new URL('./', import.meta.url);
const folder = new URL('vectors/', here);
const files = readdirSync(folder).filter((name) => name.endsWith('.yml'));
const differences = parse(readFileSync(new URL('differences.yaml', here), 'utf8')) as Differences;
const refused = new Map(
  Object.values(differences.refused).flatMap(({ rules, cases }) =>
    cases.map((name): [string, string] => [`${name}.yml`, rules]),
  ),
);
const taken = new Set<string>(
  Object.values(differences.taken).flatMap(({ cases }) => cases.map((name) => `${name}.yml`)),
);

async function answer(file: string) {
  const parts = readFileSync(new URL(file, folder), 'utf8').split(/^---[ \t]*\r?\n/m);
  const expected = JSON.parse(parts.at(-1) ?? '') as Expected;
  const read = await readWorkflow(`.github/workflows/${file}`, Buffer.from((parts[1] ?? '').trimEnd()));
  return {
    expected,
    read: read.ok && read.value.lacks.length > 0 ? err(read.value.lacks.map(({ why }) => why)) : read,
  };
}

describe('a workflow is read as GitHub reads it', () => {
  it('there are cases, and every named difference is one of them', () => {
    expect(files.length).toBeGreaterThan(190);
    for (const name of [...refused.keys(), ...taken]) expect(files).toContain(name);
    for (const name of taken) expect(refused.has(name), name).toBe(false);
  });

  it.each(files)('%s', async (file) => {
    const { expected, read } = await answer(file);
    const rules = read.ok ? '' : [...new Set(read.error.map((one) => one.rule))].toSorted().join(', ');
    if (refused.has(file)) return expect(rules).toBe(refused.get(file));
    if (taken.has(file)) {
      expect(expected.errors).toBeDefined();
      return expect(rules).toBe('');
    }
    if (expected.errors !== undefined) {
      expect(rules, 'what is wrong must not merely be unsupported').not.toMatch(/^(workflow\/unsupported)?$/);
      const places = read.ok ? [] : read.error.map((one) => one.where);
      return expect(places.every((place) => place !== undefined)).toBe(true);
    }
    expect(rules).toBe('');
    const jobs = read.ok ? read.value.jobs : [];
    expect(jobs.map(ours)).toEqual((expected.jobs ?? []).map(theirs));
  });
});

/** The parts that both models have, in one form. */
function ours(job: Job) {
  return {
    id: job.id,
    needs: [...job.needs],
    if: wrapped(job.if?.text),
    steps: job.steps.map((step) => ({ id: step.id, if: wrapped(step.if?.text), does: does(step) })),
  };
}

function theirs(job: ExpectedJob) {
  return {
    id: literal(job.id),
    needs: (job.needs ?? []).map(literal),
    if: job.if?.expr,
    steps: (job.steps ?? []).map((step) => ({
      id: step.id,
      if: step.if?.expr,
      does: literal(step.run ?? step.uses) ?? 'expression',
    })),
  };
}

/** A text, or a text with its place. */
function literal(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trimEnd();
  const lit = typeof value === 'object' && value !== null && 'lit' in value ? value.lit : undefined;
  return typeof lit === 'string' ? lit : undefined;
}

/** GitHub puts `success()` before a condition that asks for no status. */
function wrapped(text: string | undefined): string {
  const source = text === undefined ? 'success()' : conditionSource(text).trim();
  const bare = source.replaceAll(/'(?:[^']|'')*'/g, '');
  return /\b(?:success|failure|cancelled|always)\s*\(/i.test(bare) ? source : `success() && (${source})`;
}

function does(step: Step): string {
  if (step.kind === 'run') {
    // What holds no context is a text already.
    const text = evaluateText(step.run, {}, { work: new EvaluationWork() });
    return text.ok ? text.value.trimEnd() : 'expression';
  }
  const { uses } = step;
  if (uses.kind === 'local') return uses.path;
  if (uses.kind === 'docker') return `docker://${uses.image}`;
  return `${uses.owner}/${uses.repository}${uses.path === '' ? '' : `/${uses.path}`}@${uses.ref}`;
}
