const SIZE = /^(\d{1,12})(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?$/;
const DURATION = /^(\d{1,9})(ms|s|m|h)$/;
const SIZE_FACTORS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const DURATION_FACTORS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `512MiB`, `4GB`, `100`: bytes. `undefined` when it is anything else. */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text);
  const factor = SIZE_FACTORS[match?.[2] ?? 'B'];
  if (match?.[1] === undefined || factor === undefined) return undefined;
  const bytes = Number(match[1]) * factor;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** `90s`, `10m`, `250ms`: milliseconds. `undefined` when it is anything else. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  const factor = DURATION_FACTORS[match?.[2] ?? ''];
  if (match?.[1] === undefined || factor === undefined) return undefined;
  return Number(match[1]) * factor;
}

/** For people: at most three digits and a decimal unit. */
export function formatSize(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 10 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit] ?? 'B'}`;
}
