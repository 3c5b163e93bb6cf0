import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluateExpression } from '../../../src/workflow/expressions/evaluate.ts';
import { EvaluationWork } from '../../../src/workflow/index.ts';
import type { Contexts, ContextValue } from '../../../src/workflow/index.ts';

/** GitHub's public vectors for its expression language (actions/languageservices, MIT; licence beside the data). */
interface Case {
  readonly expr: string;
  readonly contexts?: Contexts;
  readonly result?: { readonly kind: string; readonly value: ContextValue };
  readonly err?: { readonly kind: string; readonly value: string };
}

const folder = new URL('vectors/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

describe('the expression language gives what GitHub gives', () => {
  it('reads all of the vectors', () => {
    expect(files).toHaveLength(28);
  });

  for (const file of files) {
    const groups = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Record<string, Case[]>;
    // One of GitHub's groups is only a remark and holds no case.
    for (const [group, cases] of Object.entries(groups).filter(([, cases]) => cases.length > 0)) {
      it(`${file}: ${group} (${String(cases.length)})`, () => {
        for (const { expr, contexts, result, err } of cases) {
          const evaluate = (): ContextValue => evaluateExpression(expr, contexts ?? {}, new EvaluationWork());
          if (err !== undefined) expect(evaluate, expr).toThrow(err.value);
          else
            expect(normal(evaluate()), expr).toEqual({
              kind: result?.kind,
              value: normal(result?.value ?? null).value,
            });
        }
      });
    }
  }
});

function normal(value: ContextValue): { kind: string; value: ContextValue } {
  if (value === null) return { kind: 'Null', value };
  if (Array.isArray(value)) return { kind: 'Array', value };
  const kind = typeof value;
  return { kind: kind.charAt(0).toUpperCase() + kind.slice(1), value: value === 0 ? 0 : value };
}
