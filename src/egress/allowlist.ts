import { isIP } from 'node:net';
import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import type { AllowedDestination } from './contract.ts';
import { hostName } from './host-name.ts';

const ENTRY = /^(\*\.)?(\[[0-9a-fA-F:.]{2,45}\]|[^\s:/@[\]]{1,253})(?::(\d{1,5}))?$/;

/**
 * Reads an allowlist's entries: `host`, `host:port`, `*.host`, an address literal, or a preset that was resolved. One
 * entry that cannot be read refuses all: half a list is not what the operator meant.
 */
export function parseAllowlist(
  entries: readonly string[],
  presets: Readonly<Record<string, readonly AllowedDestination[]>>,
): Result<readonly AllowedDestination[], Refusal> {
  const allowed: AllowedDestination[] = [];
  for (const entry of entries) {
    if (entry.startsWith('@')) {
      const preset = Object.hasOwn(presets, entry) ? presets[entry] : undefined;
      if (preset === undefined) return unreadable(entry, 'is not a preset that is known here');
      allowed.push(...preset);
      continue;
    }
    const parsed = parseEntry(entry);
    if (!parsed.ok) return parsed;
    allowed.push(parsed.value);
  }
  return ok(allowed);
}

function parseEntry(entry: string): Result<AllowedDestination, Refusal> {
  const match = ENTRY.exec(entry);
  if (match === null) return unreadable(entry, 'is not a host, host:port, *.host, address or preset');
  const [, wildcard, written = '', port] = match;
  const bare = written.startsWith('[') ? written.slice(1, -1) : written;
  const literal = isIP(bare) !== 0;
  const host = literal ? bare.toLowerCase() : hostName(bare);
  if (host === undefined || (!literal && /^[\d.]+$/.test(bare)))
    return unreadable(entry, 'does not hold a host name');
  if (wildcard !== undefined && (literal || !host.includes('.'))) {
    return unreadable(entry, 'stands for far too many hosts');
  }
  const number = port === undefined ? undefined : Number(port);
  if (number !== undefined && (number < 1 || number > 65_535))
    return unreadable(entry, 'has a port that is none');
  return ok({ host: `${wildcard ?? ''}${host}`, entry, ...(number !== undefined && { ports: [number] }) });
}

function unreadable(entry: string, why: string): Result<never, Refusal> {
  return err(
    refusal(
      'usage',
      'egress/allowlist',
      `${JSON.stringify(entry)} ${why}`,
      'write a host such as registry.example.test, host:port, *.host, or a preset such as @npm',
    ),
  );
}
