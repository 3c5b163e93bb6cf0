import { isIP } from 'node:net';

interface Span {
  readonly version: 4 | 6;
  readonly from: bigint;
  readonly to: bigint;
}

/** The ranges of `wider` that are not, as a whole, within those of `narrower` taken together. */
export function rangesBeyond(wider: readonly string[], narrower: readonly string[]): readonly string[] {
  const spans = narrower.flatMap(spanOf).toSorted((a, b) => (a.from < b.from ? -1 : 1));
  return wider.filter((range) => spanOf(range).some((span) => !isWithin(span, spans)));
}

function isWithin({ version, from, to }: Span, sorted: readonly Span[]): boolean {
  let reached = from;
  for (const span of sorted) {
    if (span.version !== version || span.to < reached) continue;
    if (span.from > reached) return false;
    reached = span.to + 1n;
    if (reached > to) return true;
  }
  return false;
}

/** A range that cannot be read allows nothing, as at run time. */
function spanOf(range: string): readonly Span[] {
  const [address = '', prefix = ''] = range.split('/');
  const version = isIP(address);
  if (version === 0 || !/^\d{1,3}$/.test(prefix)) return [];
  const bits = version === 4 ? 32 : 128;
  const size = BigInt(bits - Number(prefix));
  if (size < 0n) return [];
  const value = version === 4 ? fourOf(address) : sixOf(address);
  const from = (value >> size) << size;
  return [{ version: version === 4 ? 4 : 6, from, to: from + (1n << size) - 1n }];
}

function fourOf(address: string): bigint {
  return address.split('.').reduce((value, part) => (value << 8n) + BigInt(part), 0n);
}

function sixOf(address: string): bigint {
  const plain = address.replace(/\d+\.\d+\.\d+\.\d+$/, (four) => {
    const value = fourOf(four);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...middle, ...right].reduce((value, part) => (value << 16n) + BigInt(`0x${part}`), 0n);
}
