/** A release of a program: three numbers, and the number of its candidate before it. */
export interface Release {
  readonly numbers: readonly [number, number, number];
  readonly candidate?: number;
}

const RELEASE = /^v?(?:release-)?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:[-~]rc\.?(\d{1,9}))?(?![\d.]\d)/;

/** Reads what a program or a package says of itself: `1.1.5+ds1`, `1.0.0~rc93`, `1.4.0-rc.2`, `release-20250407.0`. */
export function readRelease(text: string): Release | undefined {
  const [, major, minor = '0', patch = '0', candidate] = RELEASE.exec(text) ?? [];
  if (major === undefined) return undefined;
  const numbers = [Number(major), Number(minor), Number(patch)] as const;
  return candidate === undefined ? { numbers } : { numbers, candidate: Number(candidate) };
}

/** Negative when `a` came first; a candidate came before its release. */
export function compareReleases(a: Release, b: Release): number {
  for (const at of [0, 1, 2] as const)
    if (a.numbers[at] !== b.numbers[at]) return a.numbers[at] - b.numbers[at];
  const last = Number.MAX_SAFE_INTEGER;
  return (a.candidate ?? last) - (b.candidate ?? last);
}

/**
 * Whether a package is the one of a series in which something was mended, or a later one of the same series: the series is the
 * version up to its last number, as in `1.1.5+ds1-1+deb12u`. Of another series nothing is known: the next release of a
 * distribution may have a higher number without the mend.
 */
export function isInSeries(version: string, mended: string): boolean {
  const [, series = '', least = ''] = /^(.*?)(\d+)$/.exec(mended) ?? [];
  const rest = /^\d+/.exec(version.slice(series.length))?.[0];
  return series !== '' && version.startsWith(series) && rest !== undefined && Number(rest) >= Number(least);
}
