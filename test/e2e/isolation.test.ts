import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place } from './cofferdam.fixture.ts';

let place: Place;
let work = '';
beforeEach(() => {
  place = new Place();
  work = join(place.directory, 'work');
  mkdirSync(work);
  writeFileSync(join(place.directory, 'secret'), 'of-another-folder');
});
afterEach(() => place.remove());

/** The same script on this machine as it is, and in a sandbox. */
async function both(script: string, env: Readonly<Record<string, string>> = {}) {
  const outside = spawnSync('sh', ['-c', script], {
    cwd: work,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  const inside = await exec(script, env);
  return { outside: outside.stdout.trim(), inside: inside.stdout.trim() };
}

function exec(script: string, env: Readonly<Record<string, string>> = {}) {
  return place.run(['exec', '--workdir', work, '--', 'sh', '-c', script], { env });
}

describe('what a job can see and do of this machine', () => {
  test('no file but its workspace and /usr: not its neighbours, not home folders, not keys', async () => {
    const look = `cat ${place.directory}/secret; cat /etc/shadow; ls -A /root /boot /srv /mnt /media /var/lib /opt`;
    const { outside, inside } = await both(`(${look}) 2>/dev/null`);
    expect(outside).toContain('of-another-folder');
    expect(outside).toContain('root:');
    expect(
      inside.split('\n').filter((line) => line !== '' && !/^\/\w+.*:$/.test(line) && line !== 'cofferdam'),
    ).toEqual([]);
  });

  test('no process but its own, and none that it could signal or look into', async () => {
    const neighbour = spawn('sleep', ['7531'], { env: { HIDDEN: 'token-of-a-neighbour' }, stdio: 'ignore' });
    try {
      const look = `
cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c token-of-a-neighbour
kill -0 ${neighbour.pid} 2>/dev/null && echo reached
ls -d /proc/[0-9]* | wc -l`;
      const { outside, inside } = await both(look);
      expect(outside).toMatch(/^[1-9]\d*\nreached/);
      const [seen, processes] = inside.split('\n');
      expect(seen).toBe('0');
      expect(Number(processes)).toBeLessThan(10);
    } finally {
      neighbour.kill('SIGKILL');
    }
  });

  test('no variable of ours, and no kernel memory, setting or log', async () => {
    const look = `
env | grep -c FROM_OUTSIDE
cat /proc/kallsyms /proc/kcore /dev/kmsg 2>/dev/null | head -c 100 | wc -c
test -w /proc/sys/kernel/panic && (: >> /proc/sys/kernel/panic) 2>/dev/null && echo writable`;
    const { outside, inside } = await both(look, { FROM_OUTSIDE: 'secret' });
    expect(outside).toMatch(/^1\n100\nwritable$/);
    expect(inside).toMatch(/^0\n0$/);
    expect(inside).not.toContain('writable');
  });

  test('no privilege: no capability, no set-user-id program, no new namespace, no mount, no device', async () => {
    const attempts = `
grep -E '^(CapEff|CapBnd|CapPrm|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t '
unshare -U true 2>/dev/null && echo namespace
unshare -rm sh -c 'mount -t tmpfs x /mnt' 2>/dev/null && echo mounted
mknod null-device c 1 3 2>/dev/null && echo device
chroot / true 2>/dev/null && echo chroot
echo end`;
    const { outside, inside } = await both(attempts);
    expect(outside).toMatch(/NoNewPrivs:0\nSeccomp:0/);
    for (const word of ['namespace', 'mounted', 'device', 'chroot']) expect(outside).toContain(word);
    const none = '0'.repeat(16);
    expect(inside.split('\n').toSorted()).toEqual(
      [
        `CapPrm:${none}`,
        `CapEff:${none}`,
        `CapBnd:${none}`,
        `CapAmb:${none}`,
        'NoNewPrivs:1',
        'Seccomp:2',
        'end',
      ].toSorted(),
    );
    const su = await exec('su -c id 2>&1; cp /bin/sh s; chmod 4755 s; ./s -pc "id -u"');
    expect(su.stdout).not.toContain('uid=0');
    expect(su.stdout.trim()).toMatch(/1001$/);
  });

  test('nothing written outside of its workspace stays', async () => {
    const paths = [
      '/usr/bin/x',
      '/etc/x',
      '/x',
      '/root/x',
      '/var/x',
      `${place.directory}/x`,
      '/tmp/left-by-a-job',
    ];
    const { stdout } = await exec(
      `for f in ${paths.join(' ')}; do (echo evil > $f) 2>/dev/null && echo $f; done`,
    );
    expect(stdout.trim()).toBe('/tmp/left-by-a-job');
    for (const path of paths) expect(spawnSync('test', ['-e', path]).status, path).toBe(1);
  });
});

const TRIES = `
import socket, time
def tried(what, f):
    t = time.time()
    try: f(); r = 'REACHED'
    except OSError as e: r = type(e).__name__ + ' ' + str(e.errno)
    print(what, r, 'slow' if time.time() - t > 2 else 'at once')
for i in range(3):
    tried('name', lambda: socket.getaddrinfo('collector.test', 443))
    tried('v4', lambda: socket.create_connection(('198.51.100.7', 443), 5).recv(1))
    tried('v6', lambda: socket.create_connection(('2001:db8::7', 443), 5).recv(1))
    tried('metadata', lambda: socket.create_connection(('169.254.169.254', 80), 5).recv(1))
`;

describe('a denial', () => {
  test('comes at once, each time alike, and is named with its program and what would allow it', async () => {
    writeFileSync(join(work, 'tries.py'), TRIES);
    const ran = await exec('python3 tries.py');
    const lines = ran.stdout.trim().split('\n');
    expect(lines).toHaveLength(12);
    expect(ran.stdout).not.toMatch(/REACHED|slow/);
    expect(lines.slice(4, 8)).toEqual(lines.slice(0, 4));
    expect(lines.slice(8)).toEqual(lines.slice(0, 4));
    for (const what of [
      'resolve  collector.test',
      'connect  198.51.100.7:443',
      'connect  [2001:db8::7]:443',
    ]) {
      expect(ran.stderr).toContain(`denied  ${what}   by python3 tries.py`);
    }
    expect(ran.stderr).toContain('cofferdam exec --allow collector.test');
    expect(ran.stderr).toContain('metadata');
  });
});
