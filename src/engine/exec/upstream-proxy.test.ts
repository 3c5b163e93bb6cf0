import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configurationIn, type ProxySettings } from '../../config/index.ts';
import { upstreamProxy } from './upstream-proxy.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'proxy-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

async function why(settings: ProxySettings, notIn = '/nonexistent'): Promise<string> {
  const found = await upstreamProxy(settings, notIn);
  return found.ok ? 'taken' : `${found.error.why} ${found.error.fix}`;
}

describe('the proxy of the operator’s file', () => {
  test('is read with its credentials, which nothing that prints it shows', async () => {
    const credentials = file('credentials', 'robot:Pa55:word\n');
    const found = await upstreamProxy(
      { url: 'https://Proxy.corp.test:3128', credentials, except: ['*.Corp.test'] },
      '/nonexistent',
    );
    if (!found.ok || found.value === undefined) throw new Error('refused');
    expect(found.value).toMatchObject({
      kind: 'https',
      host: 'proxy.corp.test',
      port: 3128,
      resolves: 'gateway',
      except: ['*.corp.test'],
    });
    expect(found.value.credentials?.()).toBe('robot:Pa55:word');
    expect(`${JSON.stringify(found.value)} ${inspect(found.value, { depth: 9 })}`).not.toContain('Pa55');
    const six = await upstreamProxy({ url: 'socks5://[2001:db8::1]:80' }, '/nonexistent');
    expect(six).toMatchObject({ value: { kind: 'socks5', host: '2001:db8::1', port: 80 } });
  });

  test('refuses the run when it cannot be used as it is written, and repeats nothing of the credentials', async () => {
    const url = 'http://p.test:3128';
    const cases: readonly (readonly [string, ProxySettings, string?])[] = [
      ['can be read by others', { url, credentials: file('open', 'robot:Pa55', 0o644) }],
      ['there is no file', { url, credentials: join(folder, 'absent') }],
      ['does not hold one line', { url, credentials: file('lines', 'robot:Pa55\nX: y\n') }],
      ['does not hold one line', { url, credentials: file('control', 'robot:Pa55\r\rX') }],
      ['does not hold one line', { url, credentials: file('nouser', ':Pa55') }],
      ['larger than', { url, credentials: file('large', `robot:${'Pa55'.repeat(500)}`) }],
      [
        'said in SOCKS5',
        { url: 'socks5://p.test:1', credentials: file('long', `robot:${'Pa55'.repeat(70)}`) },
      ],
      ['lies in the repository', { url, credentials: file('inside', 'robot:Pa55') }, folder],
      ['holds no certificate', { url: 'https://p.test:1', authorities: file('ca', 'Pa55') }],
      ['https proxies only', { url, authorities: file('ca2', 'x') }],
      ['port that is none', { url: 'http://p.test:0' }],
    ];
    for (const [expected, settings, notIn] of cases) {
      const said = await why(settings, notIn);
      expect(said).toContain(expected);
      expect(said).not.toContain('Pa55');
    }
  });

  test('takes no password in its address, is no head’s to name, and the message repeats nothing', async () => {
    const parse = (text: string, origin: 'operator' | 'head') =>
      configurationIn(Buffer.from(`version: 1\n${text}`), 'cofferdam.yaml', origin);
    for (const url of [
      'http://robot:Pa55@p.test:3128',
      'http://p.test:3128/Pa55',
      'ftp://p.test:1',
      'http://p.test',
      'http://p test:1',
      'http://p.test:1?Pa55',
    ]) {
      const wrong = await parse(`proxy: {url: ${JSON.stringify(url)}}\n`, 'operator');
      expect(wrong.ok, url).toBe(false);
      expect(JSON.stringify(wrong)).not.toContain('Pa55');
    }
    for (const origin of ['head', 'protected-branch'] as const) {
      const found = await configurationIn(
        Buffer.from('version: 1\nproxy: {url: "http://evil.test:1"}\n'),
        'cofferdam.yaml',
        origin,
      );
      expect(found).toMatchObject({ ok: false, error: [{ rule: 'config/proxy' }] });
    }
    expect((await parse('proxy: {url: "http://p.test:1", resolves: proxy}\n', 'operator')).ok).toBe(true);
  });
});
