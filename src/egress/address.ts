import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/**
 * Ranges that no name may lead to unless the operator named one: this machine, its networks, the cloud's metadata, and
 * addresses that carry another inside them or a way through a network (RFC 6890, RFC 6052, RFC 7526, RFC 9602, RFC 9780; metadata addresses of the large clouds).
 * Documentation ranges are left out: nothing of value is there, and private registries are sometimes put behind them.
 */
const FORBIDDEN: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['168.63.129.16', 32, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['240.0.0.0', 4, 'ipv4'],
  ['::', 96, 'ipv6'],
  ['::ffff:0:0', 96, 'ipv6'],
  ['::ffff:0:0:0', 96, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['100::', 63, 'ipv6'],
  ['2001::', 23, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['5f00::', 16, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 9, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
];

/** Ranges of each family by themselves: a BlockList of both takes every IPv4 address for one inside `::ffff:0:0/96`. */
export interface Ranges {
  readonly ipv4: BlockList;
  readonly ipv6: BlockList;
}

function blockList(ranges: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[]): Ranges {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const [address, prefix, family] of ranges) lists[family].addSubnet(address, prefix, family);
  return lists;
}

const forbidden = blockList(FORBIDDEN);

/** CIDR ranges as the operator wrote them; what is none is left out, and so allows nothing. */
export function rangeList(ranges: readonly string[]): Ranges {
  return blockList(
    ranges.flatMap((range) => {
      const [address = '', prefix = ''] = range.split('/');
      const version = isIP(address);
      const length = prefix === '' ? (version === 4 ? 32 : 128) : Number(prefix);
      const most = version === 4 ? 32 : 128;
      if (version === 0 || !Number.isInteger(length) || length < 0 || length > most) return [];
      return [[address, length, version === 4 ? 'ipv4' : 'ipv6'] as const];
    }),
  );
}

/**
 * Whether an address may be dialled: not in a forbidden range and not one of this machine's own, or in a range that the
 * operator named. A public address of the machine's leads past its firewall to what listens on it, as loopback does.
 */
export function mayDial(address: string, allowed: Ranges, own: Ranges): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const refused = forbidden[family].check(address, family) || own[family].check(address, family);
  return !refused || allowed[family].check(address, family);
}

const FRESH_MS = 1_000;

/** This machine's own addresses where it is called, asked for again after a second: interfaces come and go. */
export function ownAddresses(): () => Ranges {
  let found = rangeList([]);
  let until = 0;
  return () => {
    const now = performance.now();
    if (now < until) return found;
    until = now + FRESH_MS;
    found = rangeList(
      Object.values(networkInterfaces()).flatMap((all) => all?.map((one) => one.address) ?? []),
    );
    return found;
  };
}
