import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { answers, httpProxy, serve, type TestProxy } from '../../src/egress/upstream/proxy-server.fixture.ts';
import { Place } from './cofferdam.fixture.ts';

let place: Place;
let proxy: TestProxy | undefined;
beforeEach(() => {
  place = new Place();
});
afterEach(async () => {
  await proxy?.close();
  place.remove();
});

function configured(port: number): string {
  const credentials = join(place.directory, 'credentials');
  writeFileSync(credentials, 'robot:Pa55-word\n');
  chmodSync(credentials, 0o600);
  const path = join(place.directory, 'operator.yaml');
  writeFileSync(
    path,
    `version: 1\nproxy: {url: "http://127.0.0.1:${port}", credentials: ${credentials}, resolves: proxy}\n`,
  );
  return path;
}

/** Everything of a folder as one text. */
function texts(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n');
}

const ASK = `
import socket, os, glob
s = socket.create_connection(('far.test', PORT), 10); s.settimeout(10)
s.send(b'\\x00')
print(s.recv(100))
def seen(p):
    try: return ('Pa' + '55').encode() in open(p, 'rb').read()
    except OSError: return False
found = [p for p in glob.glob('/proc/[0-9]*/environ') + glob.glob('/proc/[0-9]*/cmdline') + glob.glob('/opt/cofferdam/*') if seen(p)]
print('shown', found)
`;

test('a command behind a proxy reaches what is allowed, and neither it nor the record sees how the proxy is told who we are', async () => {
  const far = await serve((socket) => void socket.once('data', () => socket.end('far side')));
  try {
    proxy = await serve(httpProxy());
    const config = configured(proxy.port);
    const work = join(place.directory, 'work');
    mkdirSync(work);
    const args = ['exec', '--config', config, '--workdir', work, '--allow', `far.test:${far.port}`];
    const command = ['--', 'python3', '-c', ASK.replace('PORT', String(far.port))];
    const ran = await place.run([...args, ...command]);
    expect(ran.stdout).toBe("b'far side'\nshown []\n");
    expect(ran.status).toBe(0);
    expect(proxy.asked[0]).toContain(`CONNECT far.test:${far.port} `);
    const token = Buffer.from('robot:Pa55-word').toString('base64');
    expect(proxy.asked[0]).toContain(token);
    const record = texts(place.state);
    expect(record).toContain('"resolved":"proxy"');
    expect(`${record}${ran.stdout}${ran.stderr}`).not.toMatch(new RegExp(`Pa55|${token}`));

    await proxy.close();
    proxy = await serve(answers('HTTP/1.1 407 Pa55-word\r\n\r\n'), undefined, proxy.port);
    const denied = await place.run([...args, ...command]);
    expect(denied.status).toBe(1);
    expect(denied.stderr).toContain('the proxy by which it is reached did not let it through');
    expect(`${texts(place.state)}${denied.stdout}${denied.stderr}`).not.toMatch(new RegExp(`Pa55|${token}`));
    expect(texts(place.state)).toContain('"reason":"proxy-refused"');
  } finally {
    await far.close();
  }
});
