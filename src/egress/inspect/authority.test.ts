import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { certificateFor, makeAuthority } from './authority.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'authority-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What OpenSSL, which is not ours, says of a server's certificate under an authority. */
function openssl(authority: string, certificate: string, ...more: readonly string[]): string {
  writeFileSync(join(folder, 'ca.pem'), authority);
  writeFileSync(join(folder, 'leaf.pem'), certificate);
  try {
    return execFileSync(
      'openssl',
      ['verify', '-x509_strict', '-purpose', 'sslserver', ...more, '-CAfile', 'ca.pem', 'leaf.pem'],
      { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    );
  } catch (error) {
    return String((error as { readonly stderr: string }).stderr);
  }
}

describe('the authority of a run', () => {
  test.each([
    [['api.test'], 'api.test', '-verify_hostname'],
    [['*.cdn.test'], 'a.b.cdn.test', '-verify_hostname'],
    [['203.0.113.7'], '203.0.113.7', '-verify_ip'],
    [['2001:db8::7'], '2001:db8::7', '-verify_ip'],
  ] as const)('for %j vouches for %s, as OpenSSL reads it', (hosts, host, option) => {
    const authority = makeAuthority(hosts);
    const { certificate } = certificateFor(authority, host);
    expect(openssl(authority.certificate, certificate, option, host)).toContain('leaf.pem: OK');
    expect(
      new X509Certificate(certificate).verify(new X509Certificate(authority.certificate).publicKey),
    ).toBe(true);
  });

  test('is believed for no other host, even if it vouched for one', () => {
    const authority = makeAuthority(['api.test', '203.0.113.7']);
    for (const host of ['other.test', 'notapi.test', '203.0.113.8', '2001:db8::7']) {
      const { certificate } = certificateFor(authority, host);
      expect(openssl(authority.certificate, certificate), host).toContain('permitted subtree violation');
    }
  });

  test('for names alone is believed for no address', () => {
    const authority = makeAuthority(['api.test']);
    for (const host of ['203.0.113.8', '2001:db8::7']) {
      const { certificate } = certificateFor(authority, host);
      expect(openssl(authority.certificate, certificate), host).toContain('excluded subtree violation');
    }
  });

  test('makes no authorities, and none is like another', () => {
    const authority = makeAuthority(['api.test']);
    const leaf = certificateFor(authority, 'api.test');
    expect(new X509Certificate(leaf.certificate).ca).toBe(false);
    expect(new X509Certificate(authority.certificate).ca).toBe(true);
    const other = makeAuthority(['api.test']);
    expect(openssl(other.certificate, leaf.certificate)).not.toContain('OK');
  });
});
