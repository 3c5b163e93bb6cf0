import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_ADVISORY_BYTES } from '../../gate/index.ts';
import { fetchAdvisories } from './fetch.ts';
import { advisoriesPath, daysBetween, keepAdvisories, knownAdvisories } from './kept.ts';

const ONE = {
  id: 'TEST-2026-1',
  modified: '2099-01-02T03:04:05Z',
  affected: [
    {
      package: { ecosystem: 'GitHub Actions', name: 'o/r' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }],
    },
  ],
};
const NOW = new Date('2026-11-25T12:00:00Z');

let folder = '';
const environment = () => ({ XDG_CONFIG_HOME: folder, HOME: homedir() });
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'advisories-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('advisories of a user', () => {
  test('are kept whole and private, and count beside those that are shipped', async () => {
    const before = await knownAdvisories(environment());
    const kept = await keepAdvisories(environment(), JSON.stringify(ONE), 'a.json', NOW);
    expect(kept).toMatchObject({
      ok: true,
      value: { date: '2099-01-02', file: join(folder, 'cofferdam/advisories.json') },
    });
    const after = await knownAdvisories(environment());
    if (!before.ok || !after.ok) throw new Error('they cannot be read');
    expect(after.value.advisories).toHaveLength(before.value.advisories.length + 1);
    expect(after.value.date).toBe('2099-01-02');
    expect(JSON.parse(readFileSync(advisoriesPath(environment()), 'utf8'))).toMatchObject({
      source: 'a.json',
      fetched: NOW.toISOString(),
    });
    expect(readdirSync(join(folder, 'cofferdam'))).toEqual(['advisories.json']);
  });

  test('that are not of the form, or of no action, leave those that were kept as they are', async () => {
    await keepAdvisories(environment(), JSON.stringify(ONE), 'a.json', NOW);
    const text = readFileSync(advisoriesPath(environment()), 'utf8');
    for (const wrong of ['{', JSON.stringify([ONE, { id: 7 }]), JSON.stringify({ ...ONE, affected: [] })])
      expect((await keepAdvisories(environment(), wrong, 'b.json', NOW)).ok).toBe(false);
    expect(readFileSync(advisoriesPath(environment()), 'utf8')).toBe(text);
  });

  test('are not read from a file that others could have written', async () => {
    await keepAdvisories(environment(), JSON.stringify(ONE), 'a.json', NOW);
    chmodSync(advisoriesPath(environment()), 0o666);
    expect(await knownAdvisories(environment())).toMatchObject({
      ok: false,
      error: { rule: 'config/operator-file' },
    });
  });

  test('have an age in whole days', () => {
    expect(daysBetween('2026-11-25', NOW)).toBe(0);
    expect(daysBetween('2026-09-25', NOW)).toBe(61);
  });
});

describe('a place of advisories', () => {
  let server: Server;
  let port = 0;
  let authority = '';
  let answer: { status: number; headers?: Readonly<Record<string, string>>; body: Buffer | string } = {
    status: 200,
    body: '',
  };
  beforeEach(async () => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
        '-addext',
        'subjectAltName=DNS:localhost',
        '-keyout',
        key,
        '-out',
        cert,
      ],
      { stdio: 'pipe' },
    );
    authority = readFileSync(cert, 'utf8');
    server = createServer({ key: readFileSync(key), cert: authority }, (_, response) => {
      response.writeHead(answer.status, answer.headers);
      response.end(answer.body);
    });
    await new Promise<void>((listening) => server.listen(0, 'localhost', listening));
    port = (server.address() as AddressInfo).port;
  });
  afterEach(() => new Promise<void>((closed) => server.close(() => closed())));
  const ask = (authorities?: string) =>
    fetchAdvisories(`https://localhost:${port}/a.json`, folder, authorities);

  test('is asked by https, and only where its certificate is one that is trusted', async () => {
    answer = { status: 200, body: JSON.stringify(ONE) };
    expect(await ask(authority)).toEqual({ ok: true, value: JSON.stringify(ONE) });
    expect((await ask()).ok).toBe(false);
  });

  test('is not followed elsewhere, and gives no more than is allowed, in UTF-8', async () => {
    for (const wrong of [
      { status: 302, headers: { location: 'http://a.test/' }, body: '' },
      { status: 404, body: 'no' },
      { status: 200, body: Buffer.alloc(MAX_ADVISORY_BYTES + 1, 0x20) },
      { status: 200, body: Buffer.from([0xff, 0xfe]) },
    ]) {
      answer = wrong;
      expect(await ask(authority)).toMatchObject({ ok: false, error: { rule: 'advisories/place' } });
    }
  });

  test.each(['http://a.test/a.json', 'file:///etc/passwd', 'ftp://a.test/a', 'data:application/json,[]'])(
    'is not %s',
    async (place) => {
      expect(await fetchAdvisories(place, folder)).toMatchObject({ ok: false, error: { kind: 'usage' } });
    },
  );

  test('may be a file, of a bounded size', async () => {
    writeFileSync(join(folder, 'a.json'), JSON.stringify(ONE));
    expect((await fetchAdvisories('a.json', folder)).ok).toBe(true);
    writeFileSync(join(folder, 'b.json'), Buffer.alloc(MAX_ADVISORY_BYTES + 1, 0x20));
    expect((await fetchAdvisories('b.json', folder)).ok).toBe(false);
    expect((await fetchAdvisories('/dev/zero', folder)).ok).toBe(false);
    expect(existsSync(join(folder, 'c.json'))).toBe(false);
    expect((await fetchAdvisories('c.json', folder)).ok).toBe(false);
  });
});
