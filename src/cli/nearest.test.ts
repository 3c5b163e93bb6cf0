import { describe, expect, test } from 'vitest';
import { nearest } from './nearest.ts';

const words = ['run', 'exec', 'plan', 'audit', 'doctor', 'event', 'event-file', 'workspace'];

describe('the nearest word', () => {
  test.each([
    ['rnu', 'run'],
    ['evnt', 'event'],
    ['doc', 'doctor'],
    ['workspcae', 'workspace'],
    ['event-flie', 'event-file'],
  ])('to %s is %s', (given, word) => {
    expect(nearest(given, words)).toBe(word);
  });

  test('is none when nothing is near, or what was given is longer than any word', () => {
    for (const given of ['', 'zzz', 'frobnicate', 'x'.repeat(1_000_000)]) {
      expect(nearest(given, words)).toBeUndefined();
    }
  });
});
