import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  EvaluationWork,
  evaluateCondition,
  parseCommandLine,
  parseEnvironmentFile,
  parsePathFile,
} from '../../../src/workflow/index.ts';

interface FileVector {
  readonly id: string;
  readonly command: 'env' | 'output' | 'state' | 'path' | 'summary';
  readonly content?: string;
  readonly bom?: boolean;
  readonly expected?: Readonly<Record<string, string>>;
  readonly throws?: string;
  readonly missing_file?: string;
}
interface LineVector {
  readonly line: string;
  readonly parses: boolean;
  readonly command?: string;
  readonly data?: string;
  readonly properties?: Readonly<Record<string, string>>;
  readonly registered: readonly string[];
}

interface ConditionVector {
  readonly expr: string;
  readonly inComposite?: boolean;
  readonly jobStatus: 'success' | 'failure' | 'cancelled' | null;
  readonly actionStatus?: 'success' | 'failure' | 'cancelled' | null;
  readonly expected: boolean;
}

// From the unit tests of actions/runner (MIT; licence beside the data).
const read = <T>(name: string): { readonly vectors: readonly T[] } =>
  JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8'));
const files = read<FileVector>('file-commands.json').vectors.filter(
  (vector) => vector.missing_file === undefined && ['env', 'output', 'state'].includes(vector.command),
);
const conditions = read<ConditionVector>('condition-functions.json').vectors;
const lines = read<LineVector>('command-parse.json').vectors;
const FILE = { env: 'GITHUB_ENV', output: 'GITHUB_OUTPUT', state: 'GITHUB_STATE' } as const;

describe('command files', () => {
  test('there are vectors', () => expect(files.length).toBeGreaterThan(20));
  test.each(files.map((vector) => [vector.id, vector] as const))('%s', (_id, vector) => {
    if (vector.command === 'path' || vector.command === 'summary') return;
    const bytes = Buffer.from(`${vector.bom === true ? '\ufeff' : ''}${vector.content ?? ''}`);
    const parsed = parseEnvironmentFile(bytes, FILE[vector.command]);
    if (vector.expected === undefined || vector.throws !== undefined) expect(parsed.ok).toBe(false);
    else if (/NODE_OPTIONS/.test(vector.content ?? '') && vector.command === 'env')
      expect(parsed.ok).toBe(false);
    else expect(parsed.ok && Object.fromEntries(parsed.value)).toEqual(vector.expected);
  });
  test('a path file gives its lines', () => {
    expect(parsePathFile(Buffer.from('\ufeff/a\n\n/b\r\n'))).toEqual({ ok: true, value: ['/a', '/b'] });
  });
});

describe('command lines', () => {
  test('there are vectors', () => expect(lines.length).toBeGreaterThan(10));
  test.each(lines.map((vector) => [vector.line, vector] as const))('%s', (line, vector) => {
    const parsed = parseCommandLine(line);
    const found = parsed !== undefined && vector.registered.includes(parsed.command) ? parsed : undefined;
    if (!vector.parses) expect(found).toBeUndefined();
    else
      expect(found).toEqual({
        command: vector.command,
        data: vector.data,
        properties: vector.properties ?? {},
      });
  });
});

describe('status functions', () => {
  test('there are vectors', () => expect(conditions.length).toBeGreaterThan(20));
  test.each(conditions)('$expr with job $jobStatus, action $actionStatus', (vector) => {
    const status = (vector.inComposite === true ? vector.actionStatus : vector.jobStatus) ?? 'success';
    const held = evaluateCondition(
      { text: vector.expr, at: {} },
      {},
      { status },
      { work: new EvaluationWork() },
    );
    expect(held).toEqual({ ok: true, value: vector.expected });
  });
});
