import { isIP } from 'node:net';
import { addressLiteral } from './address-literal.ts';
import { hostName } from './host-name.ts';

/** What an entry names: a preset, or hosts and ports. */
export type NamedDestination =
  | { readonly kind: 'preset'; readonly name: string }
  | {
      readonly kind: 'host';
      /** Lower-case ASCII, without a final dot; `*.name` stands for every name below it; or an address literal. */
      readonly host: string;
      /** Absent: `USUAL_PORTS`. */
      readonly port?: number;
    };

/** Ports of an entry that names none: HTTPS, and HTTP whose every request is held against the name. */
export const USUAL_PORTS: readonly number[] = [443, 80];

const ENTRY = /^(\*\.)?(\[[0-9a-fA-F:.]{2,45}\]|[^\s:/@[\]]{1,253})(?::(\d{1,5}))?$/;
const PRESET = /^@[a-z][a-z0-9-]{0,30}$/;

/** Reads `host`, `host:port`, `*.host`, an address literal or `@preset`; else says what is wrong with it. */
export function parseDestination(
  text: string,
): NamedDestination | { readonly kind: 'wrong'; readonly why: string } {
  if (text.startsWith('@')) {
    return PRESET.test(text) ? { kind: 'preset', name: text } : wrong('is not the name of a preset');
  }
  const match = ENTRY.exec(text);
  if (match === null) return wrong('is not a host, host:port, *.host, address or preset');
  const [, wildcard, written = '', port] = match;
  const bare = written.startsWith('[') ? written.slice(1, -1) : written;
  const literal = addressLiteral(bare);
  const host = literal ?? hostName(bare);
  if (host === undefined) return wrong('does not hold a host name');
  if (wildcard !== undefined && (literal !== undefined || !host.includes('.')))
    return wrong('stands for far too many hosts');
  const number = port === undefined ? undefined : Number(port);
  if (number !== undefined && (number < 1 || number > 65_535)) return wrong('has a port that is none');
  return { kind: 'host', host: `${wildcard ?? ''}${host}`, ...(number !== undefined && { port: number }) };
}

function wrong(why: string): { readonly kind: 'wrong'; readonly why: string } {
  return { kind: 'wrong', why };
}

/** Whether every host that `b` stands for is one that `a` stands for. */
export function coversHost(a: string, b: string): boolean {
  if (a === b) return true;
  return a.startsWith('*.') && isIP(b) === 0 && b.endsWith(a.slice(1)) && b.length >= a.length;
}
