import { isIPv4 } from 'node:net';

/** What a guest puts on its link: frames with the addresses of its own end, or with any. */
const GATEWAY_HARDWARE = Buffer.from([0x02, 0xcf, 0, 0, 0, 1]);
const GUEST_HARDWARE = Buffer.from([0x02, 0xcf, 0, 0, 0, 2]);
export const GUEST4 = '192.0.0.2';
export const GUEST6 = 'fd63:6f66:6665::2';
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;

export interface Packet {
  readonly from: string;
  readonly to: string;
  readonly protocol: number;
  readonly body: Buffer;
}

function words(address: string): readonly number[] {
  if (isIPv4(address)) return address.split('.').map(Number);
  const [left = '', right] = address.split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((one) => Number.parseInt(one, 16));
  const [head, tail] = [groups(left), groups(right ?? '')];
  const all =
    right === undefined
      ? head
      : [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail];
  return all.flatMap((group) => [group >> 8, group & 0xff]);
}

const bytes = (address: string): Buffer => Buffer.from(words(address));

function checksum(...parts: readonly Buffer[]): number {
  const all = Buffer.concat(parts);
  let sum = 0;
  for (let at = 0; at < all.length; at += 2) sum += (all[at] ?? 0) * 256 + (all[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** A frame with the packet, its checksums right. */
export function frame({ from, to, protocol, body }: Packet): Buffer {
  const four = isIPv4(from);
  const whole = Buffer.from(body);
  const place = { [TCP]: 16, [UDP]: 6, [ICMP]: 2 }[protocol];
  const pseudo = Buffer.concat([
    bytes(from),
    bytes(to),
    Buffer.from([0, protocol, whole.length >> 8, whole.length & 0xff]),
  ]);
  if (place !== undefined)
    whole.writeUInt16BE(protocol === ICMP && four ? checksum(whole) : checksum(pseudo, whole), place);
  const head = four ? Buffer.alloc(20) : Buffer.alloc(40);
  if (four) {
    head.set([0x45, 0, (20 + whole.length) >> 8, (20 + whole.length) & 0xff, 0, 1, 0x40, 0, 64, protocol]);
    head.set(bytes(from), 12);
    head.set(bytes(to), 16);
    head.writeUInt16BE(checksum(head), 10);
  } else {
    head.set([0x60, 0, 0, 0, whole.length >> 8, whole.length & 0xff, protocol, 64]);
    head.set(bytes(from), 8);
    head.set(bytes(to), 24);
  }
  const type = Buffer.from([(four ? IPV4 : IPV6) >> 8, (four ? IPV4 : IPV6) & 0xff]);
  return Buffer.concat([GATEWAY_HARDWARE, GUEST_HARDWARE, type, head, whole]);
}

export function udp(port: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(40_000, 0);
  head.writeUInt16BE(port, 2);
  head.writeUInt16BE(8 + payload.length, 4);
  return Buffer.concat([head, payload]);
}

/** The first packet of a connection. */
export function syn(port: number): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt16BE(40_000, 0);
  head.writeUInt16BE(port, 2);
  head.writeUInt32BE(1_000, 4);
  head.set([0x50, 0x02, 0xff, 0xff], 12);
  return head;
}

export function echo(): Buffer {
  return Buffer.from([8, 0, 0, 0, 0, 1, 0, 1]);
}

export function question(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  return Buffer.concat([
    Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    ...labels,
    Buffer.from([0, 0, 1, 0, 1]),
  ]);
}

/** What of an answer matters: who it is from, and of what kind. */
export function summary(answer: Buffer): string {
  const type = answer.readUInt16BE(12);
  const packet = answer.subarray(14);
  if (type === IPV4) {
    const from = [...packet.subarray(12, 16)].join('.');
    const body = packet.subarray(((packet[0] ?? 0) & 15) * 4);
    return `${from} ${bodySummary(packet[9] ?? 0, body)}`;
  }
  if (type !== IPV6) return `type ${type.toString(16)}`;
  const groups = Array.from({ length: 8 }, (_, at) => packet.readUInt16BE(8 + at * 2).toString(16));
  return `${groups.join(':')} ${bodySummary(packet[6] ?? 0, packet.subarray(40))}`;
}

function bodySummary(protocol: number, body: Buffer): string {
  if (protocol === TCP) return `tcp ${((body[13] ?? 0) & 0x12) === 0x12 ? 'accepted' : 'other'}`;
  if (protocol === UDP) return `udp from ${body.readUInt16BE(0)} code ${(body[11] ?? 0) & 15}`;
  return protocol === ICMP || protocol === 58 ? `icmp ${body[0]}` : `protocol ${protocol}`;
}
