import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seLinuxCheck, seLinuxHere, threadContexts } from './kernel.ts';

const CONTEXT = 'unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023';
let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'selinux-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function put(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

describe('what SELinux does on a machine', () => {
  test('is nothing where the kernel has it not, or AppArmor has its place', () => {
    expect(seLinuxHere(root)).toBe('none');
    put('proc/self/attr/current', 'unconfined\n');
    expect(seLinuxHere(root)).toBe('none');
    put('proc/self/attr/current', ':ns:a:b (enforce)\n');
    put('sys/module/apparmor/parameters/enabled', 'Y\n');
    expect(seLinuxHere(root)).toBe('none');
  });

  test.each([
    ['0', 'complains'],
    ['1', 'enforces'],
    ['', 'enforces'],
  ] as const)(
    'is what its file system says, and the worse when that cannot be understood: %s',
    (text, is) => {
      put('sys/fs/selinux/enforce', text);
      expect(seLinuxHere(root)).toBe(is);
    },
  );

  test('is called hidden where processes have contexts and its file system is not shown', () => {
    put('proc/self/attr/current', `${CONTEXT}\0`);
    expect(seLinuxHere(root)).toBe('hidden');
  });
});

describe('the receipt’s word on SELinux', () => {
  test('is an absence with its reason, whatever the machine does', () => {
    for (const state of ['none', 'complains', 'enforces', 'hidden'] as const) {
      const check = seLinuxCheck(state, [CONTEXT]);
      expect(check).toMatchObject({ id: 'selinux', held: true, seen: expect.stringMatching(/^absent: ./u) });
    }
    expect(
      new Set(['none', 'complains', 'enforces', 'hidden'].map((one) => seLinuxCheck(one as 'none', []).seen))
        .size,
    ).toBe(4);
  });

  test('names the context that process 1 has where it is enforced, bounded and of plain characters', () => {
    expect(seLinuxCheck('enforces', [CONTEXT, CONTEXT]).seen).toContain(`process 1 is in ${CONTEXT}`);
    const long = seLinuxCheck('enforces', ['\u001b'.repeat(5_000)]).seen;
    expect(long.length).toBeLessThanOrEqual(200);
    expect(long).not.toContain('\u001b');
  });

  test('has as many contexts as the process has threads, and none of one that is gone', () => {
    expect(threadContexts(process.pid).length).toBeGreaterThan(0);
    expect(threadContexts(2 ** 30)).toEqual([]);
  });
});
