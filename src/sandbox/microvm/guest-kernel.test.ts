import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { guestKernel } from './guest-kernel.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernel-'));
  mkdirSync(join(folder, 'modules'), { mode: 0o755 });
  writeFileSync(join(folder, 'vmlinux'), '', { mode: 0o644 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function module(name: string, ...needs: readonly string[]): void {
  writeFileSync(
    join(folder, 'modules', `${name}.ko`),
    `\u007fELF\0depends=${needs.join(',')}\0name=${name}\0`,
  );
}

const found = () => guestKernel({ COFFERDAM_GUEST_KERNEL: folder });

describe('a kernel for guests', () => {
  test('has each module after those that it needs, and none that nothing needs', () => {
    module('9p', '9pnet', 'netfs');
    module('9pnet');
    module('netfs', 'fscache');
    module('fscache');
    module('9pnet_virtio', '9pnet', 'virtio');
    module('virtio_net', 'net_failover');
    module('net_failover', 'failover');
    module('failover');
    module('virtio');
    module('unused');
    const kernel = found();
    if (!kernel.ok) throw new Error(kernel.error.why);
    expect(kernel.value.modules.map((path) => basename(path, '.ko'))).toEqual([
      'failover',
      'net_failover',
      'virtio_net',
      '9pnet',
      'virtio',
      '9pnet_virtio',
      'fscache',
      'netfs',
      '9p',
    ]);
  });

  test('may need modules in a circle: each is there once', () => {
    module('9p', '9pnet');
    module('9pnet', '9p');
    expect(found()).toMatchObject({ ok: true, value: { modules: { length: 2 } } });
  });

  test('is refused when others could change it, or when it is not there, with what to type', () => {
    module('9p');
    chmodSync(join(folder, 'modules/9p.ko'), 0o666);
    expect(found()).toMatchObject({ ok: false, error: { rule: 'microvm/unsafe-kernel' } });
    rmSync(join(folder, 'vmlinux'));
    expect(found()).toMatchObject({
      ok: false,
      error: {
        kind: 'machine',
        rule: 'microvm/no-kernel',
        fix: expect.stringContaining('--isolation microvm'),
      },
    });
  });
});
