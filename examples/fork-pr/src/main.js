#!/usr/bin/env node
import mri from 'mri';
import { tideTable } from './table.js';
import { tidesAfter } from './tides.js';

const { high, count = 4 } = mri(process.argv.slice(2), { string: ['high'] });
const highTideMs = Date.parse(high ?? '2026-01-03T11:00:00Z');
if (Number.isNaN(highTideMs)) {
  console.error('tide-table: --high must be a time such as 2026-01-03T11:00:00Z');
  process.exit(2);
}
const nowMs = Date.now();
for (const line of tideTable(tidesAfter(highTideMs, nowMs, Number(count)), nowMs)) console.log(line);
