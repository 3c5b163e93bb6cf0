import assert from 'node:assert/strict';
import { test } from 'node:test';
import pc from 'picocolors';
import { tideTable } from '../src/table.js';
import { tidesAfter } from '../src/tides.js';

const high = Date.parse('2026-01-03T11:00:00Z');

test('high and low tides alternate', () => {
  const kinds = tidesAfter(high, high, 4).map((tide) => tide.kind);
  assert.deepEqual(kinds, ['high', 'low', 'high', 'low']);
});

test('two tides are 6 hours and 12 minutes apart', () => {
  const [first, second] = tidesAfter(high, high, 2);
  assert.equal(Math.floor((second.atMs - first.atMs) / 60_000), 372);
});

test('tides of the past are left out', () => {
  const from = high + 30 * 86_400_000;
  for (const tide of tidesAfter(high, from, 5)) assert.ok(tide.atMs >= from);
});

test('a line tells how long until the tide, and the moon', () => {
  const [line] = tideTable(tidesAfter(high, high + 3_600_000, 1), high + 3_600_000, pc.createColors(false));
  assert.equal(line, 'low   2026-01-03 17:12  in 5h    full moon');
});
