import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Host } from './command.fixture.ts';

// What only a whole machine can show: its swap, its core files, its mounts. The machine is a virtual one and ends with the suite.

let host: Host;
afterEach(() => host.remove());

const HOG = `python3 -c "x = bytearray(b'x') * (300 << 20); print('had it')"`;

describe('a machine that swaps', () => {
  test('a job has no more memory by having it swapped out; a group without that limit has', () => {
    host = new Host('zones: {untrusted: {limits: {memory: 100MB}}}');
    const setup = `dd if=/dev/zero of=${host.directory}/swap bs=1M count=600 status=none; chmod 600 ${host.directory}/swap; mkswap -q ${host.directory}/swap; swapon ${host.directory}/swap; grep -c swap /proc/swaps`;
    expect(host.script(setup, []).stdout.trim()).toBe('1');
    try {
      const off = `mkdir -p /sys/fs/cgroup/loose; echo 100000000 > /sys/fs/cgroup/loose/memory.max; echo $$ > /sys/fs/cgroup/loose/cgroup.procs; ${HOG}`;
      expect(host.script(off, []).stdout).toBe('had it\n');
      const on = host.script('"$@"', host.command('exec', '--apply', 'never', '--', 'sh', '-c', HOG));
      expect(on.status, on.all).not.toBe(0);
      expect(on.stdout).not.toContain('had it');
      expect(host.script('cat "$COFFERDAM_STATE"/runs/*/record/*', []).stdout).toContain(
        '"limit":"memoryBytes"',
      );
    } finally {
      host.script(`swapoff ${host.directory}/swap`, []);
    }
  });
});

describe('a machine with further mounts', () => {
  test('shows what is mounted in /usr, read-only, and works on a source in memory', () => {
    host = new Host();
    const memory = join(host.directory, 'memory');
    mkdirSync(memory);
    const script = `unshare --mount --propagation private sh -eu -c '
mount -t tmpfs x /usr/local/games; echo shown > /usr/local/games/file
mount -t tmpfs x ${memory}; echo source > ${memory}/file; cd ${memory}; "$@"' sh "$@"`;
    const command =
      'cat /usr/local/games/file file; echo x > /usr/local/games/file; echo changed > file; cat file';
    const ran = host.script(script, host.command('exec', '--apply', 'never', '--', 'sh', '-c', command));
    expect(ran.stdout, ran.all).toBe('shown\nsource\nchanged\n');
    expect(ran.stderr).toContain('Read-only file system');
  });
});

describe('a machine that hands core files to a program', () => {
  test('starts none for a job, which the kernel does for another', () => {
    host = new Host();
    const seen = '/run/core-seen';
    const handler = '/run/core-handler';
    writeFileSync(handler, `#!/bin/sh\necho "$1" >>${seen}\ncat >/dev/null\n`, { mode: 0o755 });
    const before = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
    writeFileSync('/proc/sys/kernel/core_pattern', `|${handler} %e\n`);
    try {
      const crash = 'sh -c "ulimit -c 0; kill -SEGV \\$\\$"; sleep 1; true';
      host.script(crash, []);
      expect(readFileSync(seen, 'utf8')).toContain('sh');
      rmSync(seen);
      const ran = host.script('"$@"', host.command('exec', '--apply', 'never', '--', 'sh', '-c', crash));
      expect(ran.status, ran.all).toBe(0);
      expect(existsSync(seen)).toBe(false);
    } finally {
      writeFileSync('/proc/sys/kernel/core_pattern', before);
    }
  });
});
