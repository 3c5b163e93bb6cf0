import { expect, test } from 'vitest';
import { oldAdvisories } from './facts.ts';

test('advisories are told to be old from the sixty-first day', () => {
  expect(oldAdvisories('2026-11-25', new Date('2026-11-25T00:00:00Z'))).toBeUndefined();
  expect(oldAdvisories('2026-11-25', new Date('2027-01-24T23:59:59Z'))).toBeUndefined();
  expect(oldAdvisories('2026-11-25', new Date('2027-01-25T00:00:00Z'))).toBe(
    'note: the advisories are of 2026-11-25, 61 days old: cofferdam advisories update FILE|URL',
  );
});
