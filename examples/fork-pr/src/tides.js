/** Hours between one high tide and the next low one: half of the principal lunar semi-diurnal period (M2). */
const HALF_PERIOD_HOURS = 12.4206 / 2;
const HOUR_MS = 3_600_000;

/** The next `count` tides after a known high tide, in order. Times are milliseconds since the epoch. */
export function tidesAfter(highTideMs, fromMs, count) {
  const step = HALF_PERIOD_HOURS * HOUR_MS;
  const first = Math.max(0, Math.ceil((fromMs - highTideMs) / step));
  return Array.from({ length: count }, (_, i) => ({
    kind: (first + i) % 2 === 0 ? 'high' : 'low',
    atMs: Math.round(highTideMs + (first + i) * step),
  }));
}
