import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import { parseDestination } from '../config/index.ts';
import type { AllowedDestination } from './contract.ts';

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
  const to = parseDestination(entry);
  if (to.kind !== 'host') return unreadable(entry, to.kind === 'wrong' ? to.why : 'is a preset');
  return ok({ host: to.host, entry, ...(to.port !== undefined && { ports: [to.port] }) });
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
