import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const IMPORT = /^import\s+(?!type\b)[^;]*?from '([^']+)'/gms;

/** What a module has loaded before it runs, with all that these have. */
function loaded(file: string, seen: Set<string> = new Set()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    if (name.startsWith('.')) loaded(join(dirname(file), name), seen);
    else seen.add(name);
  }
  return seen;
}

test('a gateway starts without TLS and cryptography, which take as long as all the rest of it', () => {
  const all = [...loaded(join(import.meta.dirname, 'gateway-process.ts'))];
  expect(all).toContain('node:net');
  expect(
    all.filter((name) => ['node:tls', 'node:crypto', 'node:http', 'node:http2', 'node:https'].includes(name)),
  ).toEqual([]);
});
