import { describe, expect, it } from 'vitest';
import { ok } from '../../base/index.ts';
import { judge, readRepository } from '../../gate/index.ts';
import type { RunEvent } from '../event/event.ts';
import { workflowRules } from './workflow-rules.ts';

const FILE = {
  origin: 'operator' as const,
  path: 'cofferdam.yaml',
  digest: '',
  configuration: {
    version: 1 as const,
    rules: [{ id: 'r', at: ['before' as const], deny: 'findings.size() > 0', why: 'it is not wanted here' }],
  },
};

async function asked(failed: readonly string[], files = [FILE]) {
  const judgement = { ...judge(await readRepository([])), failed: new Set(failed) };
  const request = { event: {} as RunEvent, workflowPath: 'a.yml', policy: { files } };
  return workflowRules(request, new Map(), async () => ok(judgement));
}

describe('rules of one\u2019s own about a run', () => {
  it('refuse it where a rule of the gate came to no end: what they decide by is not all that there is to find', async () => {
    expect(await asked(['secret-reach'])).toMatchObject({
      ok: false,
      error: { kind: 'policy', rule: 'rules/not-known' },
    });
    expect(await asked([])).toMatchObject({ ok: true });
  });

  it('ask nothing where nobody wrote one', async () => {
    expect(await asked(['secret-reach'], [])).toMatchObject({ ok: true });
  });
});
