import { describe, expect, test } from 'vitest';
import type { Machine } from './monitor.ts';
import { qemu } from './qemu.ts';

const MACHINE: Machine = {
  acceleration: 'tcg',
  kernel: '/vm/kernel',
  initramfs: '/vm/initramfs',
  talks: false,
  memoryBytes: 600 * 2 ** 20,
  processors: 2,
  shares: [
    { tag: 'read', path: '/vm/read', readOnly: true },
    { tag: 'write', path: '/vm/write', readOnly: false },
  ],
  ports: [{ name: 'cofferdam.init', socket: '/vm/sockets/init' }],
  link: { socket: '/vm/sockets/link', hardware: '02:cf:00:00:00:02' },
};

describe('a machine that QEMU runs', () => {
  test('has the devices that were planned and no other', async () => {
    const [program, ...words] = qemu.command('/usr/bin/qemu-system-x86_64', MACHINE);
    const lines = words.map((word) => (word.startsWith('-') ? `\n${word}` : ` ${word}`)).join('');
    await expect(`${program}${lines}\n`).toMatchFileSnapshot('qemu.golden.txt');
  });

  test('is told to say all that it does when it is booted again, and nothing else is otherwise', () => {
    const options = (talks: boolean) => {
      const words = qemu.command('qemu', { ...MACHINE, talks });
      return words[words.indexOf('-append') + 1];
    };
    expect(options(true)).toBe(options(false)?.replace('quiet loglevel=3', 'loglevel=7'));
  });

  test('is run by the processor only when that was asked for', () => {
    const [, ...words] = qemu.command('qemu', { ...MACHINE, acceleration: 'kvm' });
    expect(words.slice(words.indexOf('-accel'), words.indexOf('-smp'))).toEqual([
      '-accel',
      'kvm',
      '-cpu',
      'host,vmx=off,svm=off,pmu=off',
    ]);
    expect(qemu.command('qemu', MACHINE)).not.toContain('kvm');
  });

  test('that is only tried has no network and a process 1 that is told so', () => {
    const { link: _none, ...alone } = MACHINE;
    const words = qemu.command('qemu', { ...alone, tries: true, shares: [], ports: [] });
    expect(words[words.indexOf('-append') + 1]).toMatch(/ -- try$/);
    expect(words.filter((word) => /netdev|fsdev|chardev/.test(word))).toEqual([]);
  });
});
