import { describe, expect, test } from 'vitest';
import { isAffected } from './advisory.ts';
import { readAdvisories } from './read-osv.ts';
import { mergedAdvisories, shippedAdvisories } from './shipped.ts';

const one = (id: string, extra: object = {}) => ({
  schema_version: '1.6.0',
  id,
  modified: '2026-01-02T03:04:05Z',
  summary: 'x',
  affected: [
    {
      package: { ecosystem: 'GitHub Actions', name: 'O/R' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '1.2' }, { fixed: '1.4.1' }] }],
    },
  ],
  references: [{ type: 'ADVISORY', url: `https://a.test/${id}` }],
  ...extra,
});
const read = (value: unknown) => readAdvisories(JSON.stringify(value));

describe('advisories', () => {
  test('are shipped, each for an action, with a source of its own and a way to match', () => {
    const { advisories, date, others } = shippedAdvisories();
    expect(advisories.length).toBeGreaterThan(30);
    expect(others).toBe(0);
    expect(date).toMatch(/^\d{4}-\d\d-\d\d$/);
    for (const { id, source, affected, published, modified } of advisories) {
      expect(source).toBe(`https://github.com/advisories/${id}`);
      expect(
        affected.every(
          ({ ranges, commits, versions }) => ranges.length + commits.length + versions.length > 0,
        ),
      ).toBe(true);
      expect(published.slice(0, 10) <= date && modified.slice(0, 10) <= date).toBe(true);
    }
  });

  test('are read from one, a list or a snapshot, those for other things passed over, those taken back left out', () => {
    expect(read(one('A-1'))).toMatchObject({
      ok: true,
      value: { date: '2026-01-02', advisories: [{ id: 'A-1', source: 'https://a.test/A-1' }] },
    });
    const npm = { ...one('A-2'), affected: [{ package: { ecosystem: 'npm', name: 'x' } }] };
    const gone = one('A-3', { withdrawn: '2026-02-01T00:00:00Z' });
    expect(read([one('A-1'), npm, gone])).toMatchObject({
      ok: true,
      value: { others: 1, withdrawn: ['A-3'], advisories: [{ id: 'A-1' }] },
    });
    expect(read({ date: '2026-05-06', advisories: [one('A-1')] })).toMatchObject({
      ok: true,
      value: { date: '2026-05-06' },
    });
  });

  test.each([
    ['no JSON', '{'],
    ['nothing', '[]'],
    ['a number', '7'],
    ['one twice', JSON.stringify([one('A-1'), one('A-1')])],
    ['no date', JSON.stringify(one('A-1', { modified: 'yesterday' }))],
    ['no list', JSON.stringify(one('A-1', { affected: {} }))],
    [
      'an address of another kind',
      JSON.stringify(one('A-1', { references: [{ url: 'javascript:alert(1)' }] })),
    ],
    [
      'a name that is none',
      JSON.stringify(one('A-1', { affected: [{ package: { ecosystem: 'GitHub Actions', name: 'x y' } }] })),
    ],
    ['an id with an escape', JSON.stringify(one('A\u001b[31m'))],
    [
      'a range that begins nowhere',
      JSON.stringify(
        one('A-1', {
          affected: [
            {
              package: { ecosystem: 'GitHub Actions', name: 'o/r' },
              ranges: [{ type: 'ECOSYSTEM', events: [{ fixed: '1' }] }],
            },
          ],
        }),
      ),
    ],
    ['a snapshot without a day', JSON.stringify({ date: 'now', advisories: [one('A-1')] })],
  ])('are refused whole with %s among them', (_, text) => {
    expect(readAdvisories(text)).toMatchObject({ ok: false, error: { rule: 'advisories/unreadable' } });
  });

  test('of a later snapshot count before those of an earlier, and what it takes back is gone', () => {
    const of = (date: string, ...list: object[]) => {
      const snapshot = read({ date, advisories: list });
      if (!snapshot.ok) throw new Error(snapshot.error.why);
      return snapshot.value;
    };
    const old = of('2026-01-01', one('A-1'), one('A-2'), one('A-3'));
    const late = of(
      '2026-02-01',
      one('A-1', { summary: 'newer' }),
      one('A-3', { withdrawn: '2026-02-01T00:00:00Z' }),
    );
    for (const merged of [mergedAdvisories(old, late), mergedAdvisories(late, old)]) {
      expect(merged.date).toBe('2026-02-01');
      expect(merged.advisories.map(({ id, summary }) => `${id} ${summary}`)).toEqual(['A-1 newer', 'A-2 x']);
    }
  });
});

test.each([
  ['v1.2.0', true],
  ['1.4.0', true],
  ['v1.4.1', false],
  ['v1.1.9', false],
  ['v1.3', true],
  ['v1', false],
  ['v1.4', false],
  ['v0', false],
  ['main', false],
  ['v1.3.0-rc.1', true],
])('version %s is affected by what begins with 1.2 and is mended in 1.4.1: %s', (version, expected) => {
  const affected = {
    name: 'o/r',
    ranges: [{ introduced: '1.2', fixed: '1.4.1' }],
    versions: [],
    commits: [],
  };
  expect(isAffected(affected, { version })).toBe(expected);
});
