import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LiveLine } from './live-line.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the live line', () => {
  const CLEAR = '\r\u001b[2K';

  test('says again and again what is going on, cut to the terminal', () => {
    let out = '';
    let text = '';
    const line = new LiveLine({ write: (more) => (out += more), columns: 21 }, () => text);
    line.start();
    vi.advanceTimersByTime(1_000);
    expect(out).toBe('');
    text = 'npm ci  12s  hosts 1  38 MB';
    vi.advanceTimersByTime(200);
    expect(out).toBe(`${CLEAR}\u001b[2mnpm ci  12s  hosts …\u001b[0m`);
    line.stop();
  });

  test('stays below what is written, and leaves nothing', () => {
    let out = '';
    const line = new LiveLine({ write: (more) => (out += more) }, () => 'going');
    line.start();
    vi.advanceTimersByTime(200);
    line.write('done\n');
    const painted = `${CLEAR}\u001b[2mgoing\u001b[0m`;
    expect(out).toBe(`${painted}${CLEAR}done\n${painted}`);
    line.stop();
    expect(out.endsWith(CLEAR)).toBe(true);
    const length = out.length;
    vi.advanceTimersByTime(1_000);
    line.write('last\n');
    expect(out.slice(length)).toBe('last\n');
  });
});
