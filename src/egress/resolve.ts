import { lookup } from 'node:dns/promises';
import type { Resolver } from './contract.ts';

const LOOKUP_MS = 10_000;

/** The addresses of a name, at the gateway's own place; none when there are none or it takes ten seconds. */
export function resolverOf(resolver: Resolver): (host: string) => Promise<readonly string[]> {
  if (resolver.kind === 'static') {
    const table = new Map(Object.entries(resolver.addresses));
    return async (host) => table.get(host) ?? [];
  }
  return async (host) => {
    const found = lookup(host, { all: true, verbatim: true }).then(
      (entries) => entries.map((entry) => entry.address),
      () => [],
    );
    const late = new Promise<readonly string[]>((resolve) =>
      setTimeout(() => resolve([]), LOOKUP_MS).unref(),
    );
    return Promise.race([found, late]);
  };
}
