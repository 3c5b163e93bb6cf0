import { describe, expect, test } from 'vitest';
import { ProgramStarts } from './program-starts.ts';

const start = (path: string) => ({ path, argv: [path], startedAt: 1 });

describe('who asked for a connection', () => {
  test('is the same program since, or has started another', () => {
    const starts = new ProgramStarts();
    starts.started(7, start('/usr/bin/a'), false);
    starts.asked('tcp', 4_000, 7);
    expect(starts.asker('tcp', 4_000)).toEqual({ hostPid: 7, startedSince: false });
    starts.started(7, start('/usr/bin/b'), false);
    expect(starts.asker('tcp', 4_000)).toEqual({ hostPid: 7, startedSince: true });
    expect(starts.asker('udp', 4_000)).toBeUndefined();
  });

  test('may have started another also where no file was found when it was looked for', () => {
    const starts = new ProgramStarts();
    starts.started(7, start('/usr/bin/a'), false);
    starts.asked('tcp', 4_000, 7);
    starts.started(7, start('/work/appears'), true);
    expect(starts.asker('tcp', 4_000)?.startedSince).toBe(true);
    expect(starts.startOf(7)?.path).toBe('/usr/bin/a');
  });

  test('is not known any more when something was not told, or too much was since', () => {
    const starts = new ProgramStarts();
    starts.started(7, start('/usr/bin/a'), false);
    starts.asked('tcp', 4_000, 7);
    starts.forget();
    expect(starts.asker('tcp', 4_000)).toBeUndefined();
    expect(starts.startOf(7)).toBeUndefined();
    for (let pid = 0; pid < 20_000; pid += 1) starts.started(pid, start('/usr/bin/x'), false);
    expect(starts.startOf(0)).toBeUndefined();
    expect(starts.startOf(19_999)).toBeDefined();
  });
});
