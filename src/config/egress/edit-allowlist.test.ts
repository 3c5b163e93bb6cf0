import { expect, test } from 'vitest';
import { parseConfiguration } from '../parse-configuration.ts';
import { withAllowlist } from './edit-allowlist.ts';

test('an allowlist is replaced, and all else stays as a person wrote it', async () => {
  const text = `# mine
version: 1
zones:
  untrusted: # strict
    limits:
      pids: 64
    egress:
      allow: [old.test]
`;
  const edited = await withAllowlist(text, 'untrusted', [
    { entry: 'a.test' },
    { entry: 'b.test:8443', because: 'npm ci\n- "*.evil.test"' },
    { entry: { to: 'c.test', methods: ['GET'], uploadBytes: 5_000 }, because: 'asked' },
  ]);
  expect(edited).toContain('# mine\n');
  expect(edited).toContain('# strict');
  expect(edited).toContain('- b.test:8443 # npm ci?- "*.evil.test"\n');
  const parsed = await parseConfiguration(Buffer.from(edited), 'x', 'operator');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  expect(parsed.value.zones?.untrusted?.egress?.allow).toEqual([
    'a.test',
    'b.test:8443',
    { to: 'c.test', methods: ['GET'], uploadBytes: 5_000 },
  ]);
  expect(parsed.value.zones?.untrusted?.limits?.pids).toBe(64);
});

test('a file that does not exist yet is made', async () => {
  expect(await withAllowlist('', 'internal', [{ entry: '@npm' }])).toBe(
    'version: 1\nzones:\n  internal:\n    egress:\n      allow:\n        - "@npm"\n',
  );
});
