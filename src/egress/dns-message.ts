import { hostName } from './host-name.ts';

/** A question as the job asked it. */
export interface DnsQuestion {
  readonly id: number;
  /** The name in its one spelling, or as it was written where it is no host name. */
  readonly name: string;
  readonly valid: boolean;
  readonly type: number;
  readonly recursion: boolean;
  /** The question's own bytes, to be repeated in the answer. */
  readonly section: Buffer;
  readonly edns: boolean;
}

export type DnsAnswer =
  | { readonly kind: 'address'; readonly family: 4 | 6; readonly bytes: Buffer }
  /** The name exists; it has nothing of this type. */
  | { readonly kind: 'empty' }
  /** RFC 8914: refused by policy, with why. */
  | { readonly kind: 'blocked'; readonly text: string };

export const TYPE_A = 1;
export const TYPE_AAAA = 28;
const TYPE_OPT = 41;
const CLASS_IN = 1;
const NXDOMAIN = 3;
const EDE_OPTION = 15;
const EDE_BLOCKED = 15;
const TTL_SECONDS = 60;
const MAX_TEXT = 120;
const TYPES: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  35: 'NAPTR',
  64: 'SVCB',
  65: 'HTTPS',
  255: 'ANY',
  257: 'CAA',
};

export function typeName(type: number): string {
  return TYPES[type] ?? `TYPE${type}`;
}

/** Reads one question (RFC 1035 section 4). Anything else, of any shape, is undefined: it gets no answer. */
export function readQuestion(message: Buffer): DnsQuestion | undefined {
  if (message.length < 17 || message.length > 4_096) return undefined;
  const flags = message.readUInt16BE(2);
  // A query (not a response), of the standard kind, with exactly one question and no answers.
  if ((flags & 0xf800) !== 0 || message.readUInt16BE(4) !== 1 || message.readUInt16BE(6) !== 0)
    return undefined;
  const labels: string[] = [];
  let at = 12;
  for (;;) {
    const length = message[at];
    // Compression has no place in a question.
    if (length === undefined || length > 63) return undefined;
    at += 1;
    if (length === 0) break;
    if (at + length > message.length || at - 12 + length > 254) return undefined;
    labels.push(message.subarray(at, at + length).toString('latin1'));
    at += length;
  }
  if (at + 4 > message.length || message.readUInt16BE(at + 2) !== CLASS_IN) return undefined;
  const written = labels.join('.');
  // A label may hold a dot on the wire, and then two names are written alike.
  const name = labels.some((label) => label.includes('.')) ? undefined : hostName(written);
  const additional = message.readUInt16BE(10);
  const rest = message.subarray(at + 4);
  return {
    id: message.readUInt16BE(0),
    name: name ?? written,
    valid: name !== undefined,
    type: message.readUInt16BE(at),
    recursion: (flags & 0x0100) !== 0,
    section: Buffer.from(message.subarray(12, at + 4)),
    edns: additional > 0 && rest.length >= 11 && rest[0] === 0 && rest.readUInt16BE(1) === TYPE_OPT,
  };
}

export function writeAnswer(question: DnsQuestion, answer: DnsAnswer): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(question.id, 0);
  const code = answer.kind === 'blocked' ? NXDOMAIN : 0;
  header.writeUInt16BE(0x8480 | (question.recursion ? 0x0100 : 0) | code, 2);
  header.writeUInt16BE(1, 4);
  const parts = [header, question.section];
  if (answer.kind === 'address') {
    header.writeUInt16BE(1, 6);
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(answer.family === 4 ? TYPE_A : TYPE_AAAA, 2);
    record.writeUInt16BE(CLASS_IN, 4);
    record.writeUInt32BE(TTL_SECONDS, 6);
    record.writeUInt16BE(answer.bytes.length, 10);
    parts.push(record, answer.bytes);
  }
  if (question.edns) {
    header.writeUInt16BE(1, 10);
    parts.push(options(answer));
  }
  return Buffer.concat(parts);
}

function options(answer: DnsAnswer): Buffer {
  const record = Buffer.alloc(11);
  record.writeUInt16BE(TYPE_OPT, 1);
  record.writeUInt16BE(1_232, 3);
  if (answer.kind !== 'blocked') return record;
  const text = Buffer.from(answer.text.slice(0, MAX_TEXT));
  const option = Buffer.alloc(6);
  option.writeUInt16BE(EDE_OPTION, 0);
  option.writeUInt16BE(2 + text.length, 2);
  option.writeUInt16BE(EDE_BLOCKED, 4);
  record.writeUInt16BE(option.length + text.length, 9);
  return Buffer.concat([record, option, text]);
}
