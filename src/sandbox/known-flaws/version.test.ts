import { describe, expect, test } from 'vitest';
import { compareReleases, isInSeries, readRelease } from './version.ts';

function release(text: string) {
  const read = readRelease(text);
  if (read === undefined) throw new Error(text);
  return read;
}

describe('releases', () => {
  test('are read from what programs and packages say', () => {
    expect(readRelease('1.1.5+ds1')).toEqual({ numbers: [1, 1, 5] });
    expect(readRelease('1.1.7-0ubuntu1~22.04.2')).toEqual({ numbers: [1, 1, 7] });
    expect(readRelease('1.0.0~rc93+ds1')).toEqual({ numbers: [1, 0, 0], candidate: 93 });
    expect(readRelease('1.4.0-rc.2')).toEqual({ numbers: [1, 4, 0], candidate: 2 });
    expect(readRelease('1.20')).toEqual({ numbers: [1, 20, 0] });
    expect(readRelease('release-20250407.0')).toEqual({ numbers: [20_250_407, 0, 0] });
    for (const text of ['', 'unknown', 'VERSION_MISSING', 'x1.2', '-1.2'])
      expect(readRelease(text), text).toBeUndefined();
  });

  test('come in their order, a candidate before its release', () => {
    const order = [
      '0.12.0',
      '1.0.0-rc3',
      '1.0.0-rc93',
      '1.0.0',
      '1.1.5',
      '1.1.12',
      '1.2.0-rc.1',
      '1.2.0',
      '1.20.0',
    ];
    for (const [at, one] of order.entries())
      for (const [other, two] of order.entries())
        expect(Math.sign(compareReleases(release(one), release(two))), `${one} ${two}`).toBe(
          Math.sign(at - other),
        );
  });
});

describe('a package in which something was mended', () => {
  test.each([
    ['1.1.5+ds1-1+deb12u1', '1.1.5+ds1-1+deb12u1', true],
    ['1.1.5+ds1-1+deb12u10', '1.1.5+ds1-1+deb12u2', true],
    ['1.1.5+ds1-1+deb12u1+b1', '1.1.5+ds1-1+deb12u1', true],
    ['1.1.5+ds1-1+deb12u1', '1.1.5+ds1-1+deb12u2', false],
    ['1.1.5+ds1-1+b1', '1.1.5+ds1-1+deb12u1', false],
    ['1.1.5+ds1-1', '1.1.5+ds1-1+deb12u1', false],
    ['1.1.5+ds1-1+deb13u1', '1.1.5+ds1-1+deb12u1', false],
    ['1.1.7-0ubuntu1~22.04.1', '1.1.7-0ubuntu1~20.04.2', false],
    ['1.1.7-0ubuntu1~22.04.1', '1.1.7-0ubuntu1~22.04.2', false],
    ['1.1.7-0ubuntu1~22.04.3', '1.1.7-0ubuntu1~22.04.2', true],
    ['', '1.1.7-0ubuntu1~22.04.2', false],
    ['1.1.7', '', false],
  ])('%s is no earlier one of the series of %s: %s', (version, mended, expected) => {
    expect(isInSeries(version, mended)).toBe(expected);
  });
});
