import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { clientSetup } from './client-setup.ts';

async function setup(...entries: Parameters<typeof clientSetup>[0]) {
  const found = await clientSetup(entries, [], {});
  if (!found.ok) throw new Error(found.error.why);
  return found.value;
}

describe('what a job’s clients are given', () => {
  test('is no authority and no file when nothing is inspected', async () => {
    const found = await setup('api.test', { to: 'other.test', uploadBytes: 5 });
    expect(found.files).toEqual([]);
    expect(found.inspection).toBeUndefined();
    expect(Object.keys(found.environment).filter((name) => /CERT|CA_/.test(name))).toEqual([]);
  });

  test('is the authority of the run beside those of the machine when something is, and never its key', async () => {
    const found = await setup('api.test', { to: 'read.test', methods: ['GET'] });
    const authority = found.inspection?.authority;
    if (authority === undefined) throw new Error('no authority');
    for (const name of [
      'SSL_CERT_FILE',
      'GIT_SSL_CAINFO',
      'REQUESTS_CA_BUNDLE',
      'CURL_CA_BUNDLE',
      'NODE_EXTRA_CA_CERTS',
    ]) {
      const file = found.files.find(({ path }) => path === found.environment[name]);
      expect(file?.content, name).toContain(authority.certificate.trim());
    }
    const store = found.files.find(({ path }) =>
      found.environment['JAVA_TOOL_OPTIONS']?.includes(`=${path} `),
    );
    if (!(store?.content instanceof Uint8Array)) throw new Error('no trust store');
    const der = new X509Certificate(authority.certificate).raw;
    expect(Buffer.from(store.content).includes(der)).toBe(true);
    expect(Buffer.from(store.content).subarray(0, 8).toString('hex')).toBe('feedfeed00000002');
    const shown = JSON.stringify([found.files, found.environment, found.allow]);
    expect(shown).not.toContain('PRIVATE KEY');
    expect(authority.key).toContain('PRIVATE KEY');
    expect((await setup({ to: 'read.test', methods: ['GET'] })).inspection?.authority.key).not.toBe(
      authority.key,
    );
  });

  test('is the host keys that the policy names, as known hosts for everybody in the sandbox', async () => {
    const key = `ssh-ed25519 ${'A'.repeat(68)}`;
    const found = await setup(
      { to: 'git.test:22', hostKeys: [key] },
      { to: '*.git.test:2222', hostKeys: [key] },
      'api.test:22',
    );
    expect(found.files).toEqual([
      {
        path: '/etc/ssh/ssh_known_hosts',
        content: `git.test ${key}\n[*.git.test]:2222 ${key}\n`,
      },
    ]);
  });
});
