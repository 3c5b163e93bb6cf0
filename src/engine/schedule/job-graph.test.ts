import { describe, expect, test } from 'vitest';
import { err, ok, refusal } from '../../base/index.ts';
import type { Job } from '../../workflow/index.ts';
import { type GraphOwner, type Leg, type LegResult, runJobGraph } from './job-graph.ts';

function job(id: string, needs: readonly string[] = []): Job {
  return { id, needs, runsOn: [], env: [], defaults: {}, outputs: [], steps: [], at: {} };
}

function leg(of: Job, index = 0, more: Partial<Leg> = {}): Leg {
  return {
    job: of,
    id: `${of.id}-${index}`,
    displayName: of.id,
    matrix: {},
    index,
    total: 1,
    failFast: true,
    maxParallel: 10,
    ...more,
  };
}

const SUCCESS: LegResult = { conclusion: 'success', outputs: {}, tolerated: false };
const FAILURE: LegResult = { conclusion: 'failure', outputs: {}, tolerated: false };

function owner(run: GraphOwner['run'], more: Partial<GraphOwner> = {}): GraphOwner {
  return {
    wanted: (_job, _needs, status) => ok(status === 'success'),
    legs: (of) => ok([leg(of)]),
    run,
    refused: () => undefined,
    skipped: () => undefined,
    ...more,
  };
}

const never = new AbortController().signal;

describe('the job graph', () => {
  test('starts a job only when what it needs is done, and not later', async () => {
    const order: string[] = [];
    const run: GraphOwner['run'] = async (of) => {
      order.push(`+${of.job.id}`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`-${of.job.id}`);
      return SUCCESS;
    };
    await runJobGraph([job('c', ['b']), job('b', ['a']), job('a')], owner(run), 4, never);
    expect(order).toEqual(['+a', '-a', '+b', '-b', '+c', '-c']);
  });

  test('skips what needs a failed job, and what needs that', async () => {
    const outcomes = await runJobGraph(
      [job('a'), job('b', ['a']), job('c', ['b'])],
      owner(async () => FAILURE),
      4,
      never,
    );
    expect([...outcomes].map(([id, outcome]) => [id, outcome.conclusion])).toEqual(
      expect.arrayContaining([
        ['a', 'failure'],
        ['b', 'skipped'],
        ['c', 'skipped'],
      ]),
    );
  });

  test('runs no more legs at a time than there are places', async () => {
    let running = 0;
    let most = 0;
    const run: GraphOwner['run'] = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return SUCCESS;
    };
    await runJobGraph(
      Array.from({ length: 9 }, (_, i) => job(`j${i}`)),
      owner(run),
      2,
      never,
    );
    expect(most).toBe(2);
  });

  test('cancels the other legs of a matrix when one fails and fail-fast holds', async () => {
    const ran: number[] = [];
    const run: GraphOwner['run'] = async (of) => {
      ran.push(of.index);
      return FAILURE;
    };
    const legs: GraphOwner['legs'] = (of) => ok([0, 1, 2].map((i) => leg(of, i, { maxParallel: 1 })));
    const outcomes = await runJobGraph([job('m')], owner(run, { legs }), 4, never);
    expect(ran).toEqual([0]);
    expect(outcomes.get('m')?.conclusion).toBe('failure');
  });

  test('lets the other legs run when fail-fast is off', async () => {
    const ran: number[] = [];
    const run: GraphOwner['run'] = async (of) => {
      ran.push(of.index);
      return FAILURE;
    };
    const legs: GraphOwner['legs'] = (of) => ok([0, 1, 2].map((i) => leg(of, i, { failFast: false })));
    await runJobGraph([job('m')], owner(run, { legs }), 4, never);
    expect(ran.toSorted()).toEqual([0, 1, 2]);
  });

  test('fails a job whose condition or matrix cannot be evaluated, and never runs it', async () => {
    const why = refusal('usage', 'test/refused', 'it cannot be', 'mend it');
    const seen: string[] = [];
    const of = owner(async () => SUCCESS, {
      wanted: () => err(why),
      refused: (_job, told) => void seen.push(told.rule),
    });
    const outcomes = await runJobGraph([job('a')], of, 1, never);
    expect(outcomes.get('a')?.conclusion).toBe('failure');
    expect(seen).toEqual(['test/refused']);
  });

  test('a tolerated failure does not fail the job', async () => {
    const outcomes = await runJobGraph(
      [job('a')],
      owner(async () => ({ ...FAILURE, tolerated: true })),
      1,
      never,
    );
    expect(outcomes.get('a')?.conclusion).toBe('success');
  });

  test('marks what has not begun as cancelled when the run is cancelled', async () => {
    const stop = new AbortController();
    const run: GraphOwner['run'] = async () => {
      stop.abort();
      return { conclusion: 'cancelled', outputs: {}, tolerated: false };
    };
    const outcomes = await runJobGraph([job('a'), job('b', ['a'])], owner(run), 1, stop.signal);
    expect(outcomes.get('a')?.conclusion).toBe('cancelled');
    expect(outcomes.get('b')?.conclusion).toBe('cancelled');
  });
});
