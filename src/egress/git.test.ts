import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AllowEntry } from '../config/index.ts';
import type { Gateway, GatewayEvent, UpstreamProxy } from './contract.ts';
import { inside, openGateway } from './gateway.fixture.ts';
import { git, type GitServer, makeKey, makeRepository, serveHttps, serveSsh } from './git-servers.fixture.ts';
import { certificateFor, makeAuthority } from './inspect/authority.ts';
import { httpProxy, portOf, serve as serveProxy } from './upstream/proxy-server.fixture.ts';

let folder = '';
let bare = '';
let server: GitServer | undefined;
let plain: Server | undefined;
let gateway: Gateway | undefined;
let events: GatewayEvent[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'git-'));
  events = [];
  bare = makeRepository(folder);
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  await server?.close();
  server = undefined;
  plain?.close();
  plain = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function open(entries: readonly AllowEntry[], inspected = false, proxy?: UpstreamProxy): Promise<void> {
  await gateway?.close();
  events = [];
  const own = makeAuthority(['git.test']);
  writeFileSync(join(folder, 'own.pem'), own.certificate);
  const inspection = inspected ? { authority: own, trusted: world.certificate } : undefined;
  gateway = await openGateway(
    entries,
    (event) => void events.push(event),
    ['127.0.0.0/8'],
    inspection,
    proxy,
  );
}

const world = makeAuthority(['git.test']);

/** Runs a program as in a sandbox: names are answered by the gateway. */
function run(
  cwd: string,
  environment: Readonly<Record<string, string>>,
  ...command: readonly string[]
): Promise<string> {
  const resolver = join(folder, 'resolv.conf');
  writeFileSync(resolver, 'nameserver 127.0.0.1\n');
  const wrapped = `mount --bind ${resolver} /etc/resolv.conf && exec "$@"`;
  const args = [
    '--mount',
    'nsenter',
    `--net=${gateway?.namespacePath ?? ''}`,
    'sh',
    '-c',
    wrapped,
    'sh',
    ...command,
  ];
  return new Promise((resolve) => {
    const child = spawn('unshare', args, {
      cwd,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: folder,
        GIT_CONFIG_NOSYSTEM: '1',
        LANG: 'C',
        ...environment,
      },
    });
    let out = '';
    const take = (chunk: Buffer): void => {
      out += chunk.toString('utf8');
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('close', (status) => resolve(`${out}ended ${status}`));
  });
}

const denials = (): readonly string[] =>
  events.flatMap((event) => ('reason' in event && event.reason !== undefined ? [event.reason] : []));

describe('git over SSH', () => {
  let hostKey = '';
  beforeEach(async () => {
    hostKey = makeKey(join(folder, 'host_key'));
    const clientKey = makeKey(join(folder, 'client_key'));
    server = await serveSsh(folder, join(folder, 'host_key'), clientKey);
  });

  /** A client that believes any server, so that only the gateway holds the key; or one that knows the named ones. */
  function client(known?: string, options = ''): Readonly<Record<string, string>> {
    const file = join(folder, 'known_hosts');
    writeFileSync(file, known ?? '');
    const check = known === undefined ? 'no' : 'yes';
    return {
      GIT_SSH_COMMAND: `ssh -F /dev/null -o BatchMode=yes -o UserKnownHostsFile=${file} -o StrictHostKeyChecking=${check} -i ${join(folder, 'client_key')} ${options}`,
    };
  }
  const address = (): string => `ssh://git@git.test:${server?.port}${bare}`;
  const clone = (environment: Readonly<Record<string, string>>, to = 'clone'): Promise<string> =>
    run(folder, environment, 'git', 'clone', '-q', address(), join(folder, to));

  test('works by name with the server whose key the policy names, both ways, and the client knows it by that key', async () => {
    const port = server?.port ?? 0;
    await open([{ to: `git.test:${port}`, hostKeys: [hostKey] }]);
    expect(await clone(client(`[git.test]:${port} ${hostKey}\n`))).toBe('ended 0');
    const work = join(folder, 'clone');
    expect(readFileSync(join(work, 'file'), 'utf8')).toBe('content\n');
    git(work, 'commit', '-q', '--allow-empty', '-m', 'two');
    expect(await run(work, client(), 'git', 'push', '-q', 'origin', 'main:other')).toContain('ended 0');
    expect(git(bare, '-c', 'safe.directory=*', 'branch', '--list', 'other')).toContain('other');
    expect(denials()).toEqual([]);
    await vi.waitFor(() => expect(events.filter(({ kind }) => kind === 'closed')).toHaveLength(2), 20_000);
  });

  test('is ended before a secret is agreed when the server shows another key, whatever the client believes', async () => {
    const port = server?.port ?? 0;
    const other = makeKey(join(folder, 'other_key'));
    await open([`git.test:${port}`]);
    expect(await clone(client(), 'believed')).toContain('ended 0');
    await open([{ to: `git.test:${port}`, hostKeys: [other] }]);
    const said = await clone(client());
    expect(said).toContain('denied by Cofferdam (host-key)');
    expect(said).toContain('ended 128');
    const denied = events.find((event) => event.kind === 'connect' && event.verdict === 'denied');
    expect(denied).toMatchObject({
      reason: 'host-key',
      hostKey: expect.stringMatching(/^SHA256:[\w+/]{43}$/),
    });
  });

  test.each([
    'curve25519-sha256',
    'ecdh-sha2-nistp256',
    'diffie-hellman-group14-sha256',
    'diffie-hellman-group-exchange-sha256',
    'sntrup761x25519-sha512@openssh.com',
  ])('is held to its key whatever method the keys are exchanged by: %s', async (method) => {
    const port = server?.port ?? 0;
    const other = makeKey(join(folder, 'other_key'));
    await open([{ to: `git.test:${port}`, hostKeys: [hostKey, other] }]);
    expect(await clone(client(undefined, `-o KexAlgorithms=${method}`))).toContain('ended 0');
    await open([{ to: `git.test:${port}`, hostKeys: [other] }]);
    expect(await clone(client(undefined, `-o KexAlgorithms=${method}`), 'no')).toContain('ended 128');
    expect(denials()).toEqual(['host-key']);
  });
});

describe('a port of SSH', () => {
  /** What a server of no SSH heard. */
  let heard = '';
  async function serve(banner: string): Promise<number> {
    heard = '';
    plain = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      if (banner !== '') socket.write(banner);
      socket.on('data', (bytes: Buffer) => {
        heard += bytes.toString('latin1');
      });
    });
    await new Promise<void>((resolve) => plain?.listen(0, '127.0.0.1', resolve));
    return plain === undefined ? 0 : portOf(plain);
  }
  const keys = [`ssh-ed25519 ${'A'.repeat(68)}`];
  const talk = (port: number, said: string): Promise<string> =>
    inside(
      gateway as Gateway,
      `
def talk():
    s = socket.create_connection((ask('git.test'), ${port}), 5); s.settimeout(8)
    s.send(${said})
    out = b''
    try:
        while True:
            part = s.recv(4096)
            if not part: break
            out += part
    except ConnectionResetError: out += b'RESET'
    return out
print(attempt(talk))
`,
    );

  test.each([
    ['HTTP', "b'GET / HTTP/1.1\\r\\nHost: git.test\\r\\n\\r\\n'"],
    ['bytes', "b'\\x00\\x01\\x02secret'"],
    ['a line that is none', "b'SSH-1.5-secret\\r\\n'"],
    ['a line without end', "b'SSH-2.0-' + b'a' * 300"],
  ])('lets no client say %s to a server that would take it', async (_what, said) => {
    const port = await serve('');
    await open([{ to: `git.test:${port}`, hostKeys: keys }]);
    await talk(port, said);
    expect(heard).toBe('');
    expect(denials().at(-1)).toBe('protocol-not-allowed');
    await open([`git.test:${port}`]);
    if (said.includes('x00')) {
      await talk(port, said);
      expect(heard).toContain('secret');
    }
  });

  test.each([
    ['another protocol', '220 mail.test ESMTP\r\n'],
    ['lines without end', 'a line\r\n'.repeat(1_000)],
    ['SSH of another version', 'SSH-1.5-old\r\n'],
  ])('ends a connection whose server speaks %s: of the client it hears one line', async (_what, banner) => {
    const port = await serve(banner.startsWith('220') ? `${banner}${'x'.repeat(300)}` : banner);
    await open([{ to: `git.test:${port}`, hostKeys: keys }]);
    const seen = await talk(port, "b'SSH-2.0-c\\r\\n' + b'\\x00\\x00\\x00\\x0c\\x04' + b'secret!' * 30");
    expect(seen).not.toContain('a line');
    expect(seen).not.toContain('220');
    expect(heard).not.toContain('secret');
    expect(denials().at(-1)).toBe('protocol-not-allowed');
  });

  test('is no reason to hurry elsewhere: who is slow to speak where only requests are allowed is waited for', async () => {
    const port = await serve('');
    await open([{ to: `git.test:${port}`, methods: ['GET'] }]);
    const said = "(__import__('time').sleep(0.4), b'GET / HTTP/1.1\\r\\nHost: git.test\\r\\n\\r\\n')[1]";
    await talk(port, said);
    expect(heard).toContain('GET / HTTP/1.1');
    expect(denials()).toEqual([]);
  });

  test('carries nothing but a key exchange: no secret before keys, and none after a change of keys that no key was shown for', async () => {
    const port = await serve('SSH-2.0-league\r\n');
    await open([{ to: `git.test:${port}`, hostKeys: keys }]);
    const packet = (payload: string): string =>
      `(lambda p: struct.pack('>IB', len(p) + 1 + (16 - (len(p) + 5) % 8 if (len(p) + 5) % 8 else 8), (16 - (len(p) + 5) % 8 if (len(p) + 5) % 8 else 8)) + p + b'\\0' * (16 - (len(p) + 5) % 8 if (len(p) + 5) % 8 else 8))(${payload})`;
    const kexinit =
      "bytes([20]) + b'c' * 16 + struct.pack('>I', 17) + b'curve25519-sha256' + b'\\0' * 36 + b'\\0' * 5";
    await talk(port, `b'SSH-2.0-c\\r\\n' + ${packet("bytes([2]) + b'secret ignored'")}`);
    expect(denials().at(-1)).toBe('malformed');
    await talk(port, `b'SSH-2.0-c\\r\\n' + ${packet(kexinit)} + ${packet('bytes([21])')} + b'secret after'`);
    expect(denials().at(-1)).toBe('malformed');
    expect(heard).not.toContain('secret');
  });
});

describe('git over HTTPS where policy says read', () => {
  beforeEach(async () => {
    server = await serveHttps(folder, certificateFor(world, 'git.test'));
  });
  const trust = (): Readonly<Record<string, string>> => ({ GIT_SSL_CAINFO: join(folder, 'own.pem') });
  const address = (): string => `https://git.test:${server?.port}/repository.git`;

  test('fetches and does not push; with no such word it does both', async () => {
    const port = server?.port ?? 0;
    await open([{ to: `git.test:${port}`, git: 'read' }], true);
    expect(await run(folder, trust(), 'git', 'clone', '-q', address(), join(folder, 'clone'))).toBe(
      'ended 0',
    );
    const work = join(folder, 'clone');
    git(work, 'commit', '-q', '--allow-empty', '-m', 'two');
    expect(await run(work, trust(), 'git', 'fetch', '-q')).toBe('ended 0');
    const asked = server?.asked.length;
    const refused = await run(work, trust(), 'git', 'push', '-q', 'origin', 'main:other');
    expect(refused).toContain('403');
    expect(refused).not.toContain('ended 0');
    // Straight at the pack, without asking first.
    const post = ['curl', '-s', '--cacert', join(folder, 'own.pem'), '-d', 'x'];
    expect(await run(work, {}, ...post, `${address()}/git-receive-pack`)).toContain('request-not-allowed');
    expect(server?.asked.length).toBe(asked);
    expect(denials()).toEqual(['request-not-allowed', 'request-not-allowed']);
    expect(git(bare, '-c', 'safe.directory=*', 'branch', '--list', 'other')).toBe('');

    await open([{ to: `git.test:${port}`, methods: ['GET', 'POST'] }], true);
    expect(await run(work, trust(), 'git', 'push', '-q', 'origin', 'main:other')).toBe('ended 0');
    expect(git(bare, '-c', 'safe.directory=*', 'branch', '--list', 'other')).toContain('other');
  });

  test('is the same behind a proxy that is spoken to over TLS: requests are read, and go by it alone', async () => {
    const port = server?.port ?? 0;
    const corporate = makeAuthority(['other.test']);
    const proxy = await serveProxy(httpProxy(), certificateFor(corporate, 'other.test'));
    try {
      await open([{ to: `git.test:${port}`, git: 'read' }], true, {
        kind: 'https',
        host: 'other.test',
        port: proxy.port,
        authorities: corporate.certificate,
        resolves: 'proxy',
        except: [],
      });
      expect(await run(folder, trust(), 'git', 'clone', '-q', address(), join(folder, 'clone'))).toBe(
        'ended 0',
      );
      expect(
        await run(join(folder, 'clone'), trust(), 'git', 'push', '-q', 'origin', 'main:other'),
      ).toContain('403');
      expect(proxy.asked.length).toBeGreaterThan(0);
      expect(proxy.asked.every((head) => head.startsWith(`CONNECT git.test:${port} `))).toBe(true);
      expect(denials()).toEqual(['request-not-allowed']);
    } finally {
      await gateway?.close();
      await proxy.close();
    }
  });
});
