import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { defaultControls, type LimitName } from '../../zone/index.ts';
import { LimitWatch } from './limit-watch.ts';

const { limits } = defaultControls('untrusted', { memoryBytes: 8e9, cpus: 2 });
let full: LimitName[] = [];
let hits: string[] = [];
let watch: LimitWatch;
beforeEach(() => {
  vi.useFakeTimers();
  full = [];
  hits = [];
  const sandbox = {
    usage: () => Promise.resolve({ oomKills: 0, pidsRefused: 0 }),
    full: () => Promise.resolve(full),
  };
  watch = new LimitWatch(sandbox as never, limits, (limit, _value, step) => {
    hits.push(`${limit} ${step}`);
    return Promise.resolve();
  });
});
afterEach(async () => {
  await watch.stop();
  vi.useRealTimers();
});

describe('a file system that is full', () => {
  test('is told of the step that filled it, and not of the next, which empties it', async () => {
    watch.setStep('greedy');
    full = ['workspaceBytes'];
    await vi.advanceTimersByTimeAsync(600);
    await watch.look();
    watch.setStep('after');
    await vi.advanceTimersByTimeAsync(600);
    full = [];
    await watch.look();
    expect(hits).toEqual(['workspaceBytes greedy']);
  });

  test('is told of the next too when it still is at its end, or is again', async () => {
    watch.setStep('greedy');
    full = ['workspaceBytes'];
    await watch.look();
    watch.setStep('second');
    await vi.advanceTimersByTimeAsync(600);
    await watch.look();
    watch.setStep('third');
    full = [];
    await vi.advanceTimersByTimeAsync(300);
    full = ['workspaceBytes'];
    await vi.advanceTimersByTimeAsync(300);
    full = [];
    await watch.look();
    expect(hits).toEqual(['workspaceBytes greedy', 'workspaceBytes second', 'workspaceBytes third']);
  });
});
