import { describe, expect, test } from 'vitest';
import type { Waiver } from '../config/index.ts';
import { poolRefuses, waiverFor, type WaiverSubject, waiverText } from './waivers.ts';

const NOW = new Date('2026-06-01T00:00:00Z');
const WAIVER: Waiver = {
  kind: 'privileged',
  repository: 'o/r',
  workflow: '.github/workflows/ci.yml',
  job: 'image',
  zone: 'internal',
  pool: 'image-builders',
  reason: 'a loop device is needed until the next release of the builder',
  expires: '2026-07-01T00:00:00Z',
  signature: '-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----',
};
const SUBJECT: WaiverSubject = {
  repository: 'o/r',
  workflow: '.github/workflows/ci.yml',
  job: 'image',
  zone: 'internal',
};

function rule(
  waiver: Partial<Waiver> = {},
  subject: Partial<WaiverSubject> = {},
  pool: string | undefined = 'image-builders',
): string {
  const { signature, ...rest } = { ...WAIVER, ...waiver };
  const one: Waiver = { ...rest, ...(signature !== undefined && { signature }) };
  const configuration = { waivers: [one], ...(pool !== '' && { pool }) };
  const found = waiverFor(configuration, { ...SUBJECT, ...subject }, NOW);
  return found.ok ? 'held' : found.error.rule;
}

describe('a waiver', () => {
  test('holds for the one job that it names, in its time and pool', () => {
    expect(rule()).toBe('held');
  });

  test('is none for an untrusted job, whatever it says', () => {
    expect(rule({}, { zone: 'untrusted' })).toBe('waiver/untrusted');
    expect(rule({ zone: 'untrusted' as never }, { zone: 'untrusted' })).toBe('waiver/untrusted');
  });

  test.each([
    ['repository', { repository: 'o/other' }],
    ['repository that nobody vouches for', { repository: undefined }],
    ['workflow', { workflow: '.github/workflows/other.yml' }],
    ['job', { job: 'test' }],
    ['zone', { zone: 'release' as const }],
  ])('is none for another %s', (_what, subject) => {
    expect(rule({}, subject)).toBe('waiver/none');
  });

  test('ends, at its second, and lasts at most 90 days', () => {
    expect(rule({ expires: '2026-06-01T00:00:00Z' })).toBe('waiver/expired');
    expect(rule({ expires: '2026-06-01T00:00:01Z' })).toBe('held');
    expect(rule({ expires: '2026-08-30T00:00:00Z' })).toBe('held');
    expect(rule({ expires: '2026-08-30T00:00:01Z' })).toBe('waiver/too-long');
    // A day that there is not.
    expect(rule({ expires: '2026-13-45T00:00:00Z' })).toBe('waiver/expired');
  });

  test('is for a pool of machines, and a machine of none runs no privileged job', () => {
    expect(rule({}, {}, 'others')).toBe('waiver/pool');
    expect(rule({}, {}, '')).toBe('waiver/pool');
  });

  test('must be signed', () => {
    const { signature: _, ...unsigned } = WAIVER;
    const found = waiverFor({ waivers: [unsigned], pool: 'image-builders' }, SUBJECT, NOW);
    expect(found).toMatchObject({ ok: false, error: { rule: 'waiver/unsigned' } });
  });

  test('that holds is found beside one that does not', () => {
    const waivers = [{ ...WAIVER, expires: '2026-05-01T00:00:00Z' }, WAIVER];
    expect(waiverFor({ waivers, pool: 'image-builders' }, SUBJECT, NOW)).toMatchObject({ ok: true });
  });

  test('has every word of it in the text that is signed', () => {
    const text = waiverText(WAIVER);
    for (const [key, value] of Object.entries(WAIVER)) {
      if (key === 'signature') continue;
      expect(waiverText({ ...WAIVER, [key]: `${String(value)}x` } as Waiver), key).not.toBe(text);
    }
  });
});

describe('a machine of a pool for privileged jobs', () => {
  test('runs no untrusted one, and a machine of another pool does', () => {
    const waivers = [WAIVER];
    expect(poolRefuses({ waivers, pool: 'image-builders' }, 'untrusted')?.rule).toBe('pool/untrusted');
    expect(poolRefuses({ waivers, pool: 'image-builders' }, 'internal')).toBeUndefined();
    expect(poolRefuses({ waivers, pool: 'others' }, 'untrusted')).toBeUndefined();
    expect(poolRefuses({ waivers }, 'untrusted')).toBeUndefined();
    expect(poolRefuses(undefined, 'untrusted')).toBeUndefined();
  });
});
