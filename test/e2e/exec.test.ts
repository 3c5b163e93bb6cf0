import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sandboxes } from '../../src/engine/cell/sandbox-folder.ts';
import { Place, ROOT } from './cofferdam.fixture.ts';

let place: Place;
let work = '';
beforeEach(() => {
  place = new Place();
  work = join(place.directory, 'work');
  mkdirSync(work);
});
afterEach(() => place.remove());

function exec(args: readonly string[], input?: string) {
  return place.run(['exec', '--workdir', work, ...args], input === undefined ? {} : { input });
}

function mountsOf(): string {
  return readFileSync('/proc/self/mounts', 'utf8');
}

describe('exec', () => {
  test('streams, and gives the exit status of the command', async () => {
    const ran = await exec(['--', 'sh', '-c', 'cat; echo err >&2; exit 7'], 'from outside');
    expect(ran.stdout).toBe('from outside');
    expect(ran.stderr).toContain('err\n');
    expect(ran.status).toBe(7);
  });

  test('tells a program that is missing, one that may not run, and a signal apart, as shells do', async () => {
    writeFileSync(join(work, 'plain'), 'x', { mode: 0o644 });
    expect((await exec(['--', 'no-such-program'])).status).toBe(127);
    expect((await exec(['--', './plain'])).status).toBe(126);
    expect((await exec(['--', 'sh', '-c', 'kill -TERM $$'])).status).toBe(128 + 15);
    expect((await exec(['--timeout', '300ms', '--', 'sleep', '30'])).status).toBe(124);
  });

  test('gives on a terminal the status of a command that closes it before it ends, and what it says when it opens it again', () => {
    const status = (script: string) => {
      const words = [
        process.execPath,
        `${ROOT}/dist/cofferdam.mjs`,
        'exec',
        '--workdir',
        work,
        '--quiet',
        '--',
      ];
      return spawnSync('script', ['-qec', `${words.join(' ')} ${script}`, '/dev/null'], {
        encoding: 'utf8',
        input: '',
        env: { PATH: process.env['PATH'], HOME: '/nonexistent', COFFERDAM_STATE: place.state },
      });
    };
    expect(status("sh -c 'exec <&- >&- 2>&-; sleep 0.5; exit 7'").status).toBe(7);
    const again = status("sh -c 'exec <&- >&- 2>&-; sleep 0.5; echo again >/dev/tty; exit 8'");
    expect(again).toMatchObject({ status: 8, stdout: expect.stringContaining('again') });
  });

  test('names where a program lies that the sandbox is not shown, and how to show it; then it is found', async () => {
    const tools = join(place.directory, 'tools');
    mkdirSync(tools);
    writeFileSync(join(tools, 'my-tool'), '#!/bin/sh\necho found\n', { mode: 0o755 });
    const env = { PATH: `${tools}:${process.env['PATH']}` };
    const run = (...args: readonly string[]) => place.run(['exec', '--workdir', work, ...args], { env });
    const ran = await run('--', 'my-tool');
    expect(ran.status).toBe(127);
    expect(ran.stderr).toContain(
      `cofferdam: "my-tool" is ${tools}/my-tool on this machine, which the sandbox is not shown`,
    );
    expect(ran.stderr).toContain(`fix: cofferdam exec --read ${tools} -- my-tool\n`);
    expect(ran.stderr.trim().split('\n').at(-1)).toMatch(/^FAILED /);
    expect(await run('--read', tools, '--', 'my-tool')).toMatchObject({ status: 0, stdout: 'found\n' });
  });

  test('leaves the folder untouched, and shows nothing of the machine but what was asked for', async () => {
    writeFileSync(join(work, 'file'), 'before');
    const ran = await exec([
      '--env',
      'GIVEN=1',
      '--',
      'sh',
      '-c',
      'echo after > file; touch new; env; ls /root /home; cat /etc/shadow',
    ]);
    expect(readFileSync(join(work, 'file'), 'utf8')).toBe('before');
    expect(existsSync(join(work, 'new'))).toBe(false);
    expect(ran.stdout).toContain('GIVEN=1');
    expect(ran.stdout).not.toContain('COFFERDAM_STATE');
    expect(ran.stderr).toContain('/etc/shadow');
  });

  test('has no network when nothing is allowed, by name, address, datagram or IPv6, and says what was tried', async () => {
    const attempts = `
import socket
def tried(what, f):
    try: f(); print(what, 'REACHED')
    except OSError as e: print(what, type(e).__name__)
def tcp(family, address, port):
    s = socket.socket(family); s.settimeout(5); s.connect((address, port)); s.send(b'x'); assert s.recv(1) == b'y', 'nothing'
def tcp_(family, address, port):
    try: tcp(family, address, port)
    except AssertionError: raise OSError('closed')
tried('name', lambda: socket.getaddrinfo('collector.test', 443))
tried('address', lambda: tcp_(socket.AF_INET, '198.51.100.7', 443))
tried('metadata', lambda: tcp_(socket.AF_INET, '169.254.169.254', 80))
tried('ipv6', lambda: tcp_(socket.AF_INET6, '2001:db8::7', 443))
tried('datagram', lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('198.51.100.7', 53)))
tried('raw', lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
`;
    const ran = await exec(['--', 'python3', '-c', attempts]);
    expect(ran.status).toBe(0);
    expect(ran.stdout.trim().split('\n')).toHaveLength(6);
    expect(ran.stdout).not.toContain('REACHED');
    for (const named of [
      'collector.test',
      '198.51.100.7:443',
      '169.254.169.254:80',
      '[2001:db8::7]:443',
      'udp to 198.51.100.7 port 53',
      'python3',
    ]) {
      expect(ran.stderr).toContain(named);
    }
    expect(ran.stderr).toContain('CONTAINED');
    expect((await exec(['--strict', '--', 'python3', '-c', attempts])).status).toBe(4);
  });

  test('counts every denial, says who began it, and makes nothing wait that would ask again', async () => {
    const ask =
      "import socket\nfor _ in range(50):\n try: socket.getaddrinfo('collector.test', 443, socket.AF_INET)\n except OSError: pass";
    const ran = await exec(['--', 'sh', '-c', `python3 -c "$1"; env | grep -i retr | sort`, 'sh', ask]);
    const times = Number(/resolve {2}collector\.test {3}by python3 .* \((\d+) times\)/.exec(ran.stderr)?.[1]);
    expect(times).toBeGreaterThanOrEqual(50);
    expect(ran.stderr).toContain(`CONTAINED  ${times} denied, 0 telemetry gaps`);
    expect(ran.stdout).toBe('CARGO_NET_RETRY=0\nPIP_RETRIES=0\nnpm_config_fetch_retries=0\n');
  });

  test('ends whatever the command left behind, and leaves nothing on the machine', async () => {
    const ran = await exec(['--', 'sh', '-c', 'sleep 1000 & sh -c "sleep 1001 &" ; echo done']);
    expect(ran.stdout).toBe('done\n');
    expect(ran.status).toBe(0);
    const [run] = readdirSync(join(place.state, 'runs'));
    expect(mountsOf()).not.toContain(run);
    expect(
      existsSync(sandboxes()) && readdirSync(sandboxes()).some((name) => name.startsWith(run ?? '?')),
    ).toBe(false);
    expect(existsSync(join(place.state, 'running', run ?? ''))).toBe(false);
  });

  test('refuses what would show too much, with the reason and the fix', async () => {
    for (const folder of ['/', '/etc', '/usr/lib', place.directory]) {
      const ran = await place.run(['exec', '--workdir', folder, '--', 'true']);
      expect(ran.status, folder).toBe(125);
      expect(ran.stderr).toMatch(/fix: /);
    }
    const raised = await exec(['--zone', 'release', '--', 'true']);
    expect(raised.status).toBe(125);
    expect(raised.stderr).toContain('zone/not-proven');
  });

  test('keeps a record that verifies, until a byte of it is changed', async () => {
    await exec(['--', 'true']);
    expect((await place.run(['audit', 'verify'])).status).toBe(0);
    const [run = ''] = readdirSync(join(place.state, 'runs'));
    const file = join(place.state, 'runs', run, 'record/record.jsonl');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"untrusted"', '"release"'));
    const broken = await place.run(['audit', 'verify']);
    expect(broken.status).toBe(1);
    expect(broken.stdout).toContain('broken');
  });
});
