const SYNODIC_MONTH_MS = 29.530588853 * 86_400_000;
const NEW_MOON_MS = Date.UTC(2000, 0, 6, 18, 14);
const NAMES = [
  'new moon',
  'waxing crescent',
  'first quarter',
  'waxing gibbous',
  'full moon',
  'waning gibbous',
  'last quarter',
  'waning crescent',
];

/** The phase by mean lunation: right to within half a day. Milliseconds since the epoch. */
export function moonPhase(atMs) {
  const age = (((atMs - NEW_MOON_MS) % SYNODIC_MONTH_MS) + SYNODIC_MONTH_MS) % SYNODIC_MONTH_MS;
  return NAMES[Math.round((age / SYNODIC_MONTH_MS) * 8) % 8];
}
