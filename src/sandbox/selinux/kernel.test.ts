import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { secondWallFix } from '../process/receipt.ts';
import { seLinuxAbsent, seLinuxHere, threadContexts } from './kernel.ts';
import { loadModule } from './wall.ts';

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
  const LACKS = ['none', 'complains', 'hidden', 'own kernel', 'rootless', 'profile', 'not loaded'] as const;

  test('where it is no wall, is an absence with a reason of its own', () => {
    for (const lack of LACKS)
      expect(seLinuxAbsent(lack, [CONTEXT])).toMatchObject({
        id: 'selinux',
        held: true,
        seen: expect.stringMatching(/^absent: ./u),
      });
    expect(new Set(LACKS.map((lack) => seLinuxAbsent(lack, []).seen)).size).toBe(LACKS.length);
  });

  test('names the context that process 1 has where it is enforced, bounded and of plain characters', () => {
    const { seen } = seLinuxAbsent('not loaded', [CONTEXT, CONTEXT]);
    expect(seen).toContain(`process 1 is in ${CONTEXT}`);
    const long = seLinuxAbsent('not loaded', ['\u001b'.repeat(5_000)]).seen;
    expect(long.length).toBeLessThanOrEqual(200);
    expect(long).not.toContain('\u001b');
  });

  test('leads to the one command that loads the module where nothing else is missing', () => {
    for (const lack of LACKS) {
      const fix = secondWallFix('selinux', seLinuxAbsent(lack, [CONTEXT]).seen);
      expect(fix, lack).toBe(lack === 'not loaded' ? loadModule() : undefined);
    }
    expect(existsSync(loadModule().replace('semodule -i ', ''))).toBe(true);
  });

  test('has as many contexts as the process has threads, and none of one that is gone', () => {
    expect(threadContexts(process.pid).length).toBeGreaterThan(0);
    expect(threadContexts(2 ** 30)).toEqual([]);
  });
});
