import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOST, JOB, PLACES } from '../plan/plan-sandbox.fixture.ts';
import { planSandbox } from '../plan/plan-sandbox.ts';
import { startContainer } from './start-container.ts';

let bundle = '';
beforeEach(() => {
  bundle = mkdtempSync(join(tmpdir(), 'start-container-'));
});
afterEach(() => rmSync(bundle, { recursive: true, force: true }));

test('a runtime that waits for the word of a telemetry which has died is ended, and the sandbox refused for that', async () => {
  const planned = planSandbox(JOB, HOST, PLACES);
  if (!planned.ok) throw new Error(planned.error.why);
  const waiting = {
    runtime: 'runc',
    command: ['sleep', '1000'] as const,
    environment: {},
    config: planned.value.config,
    bundle,
    pidFile: join(bundle, 'pid'),
  };
  const died = new Promise<{ readonly why: string }>((resolve) => {
    setTimeout(() => resolve({ why: 'the process telemetry ended by itself' }), 100);
  });
  const started = await startContainer(waiting, died);
  expect(started).toMatchObject({ ok: false, error: { rule: 'sandbox/runtime-failed', kind: 'machine' } });
  if (!started.ok) expect(started.error.why).toContain('the process telemetry ended by itself');
});
