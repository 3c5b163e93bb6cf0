import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nativeProgram } from './native-program.ts';
import { hasNobody } from './rights.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'confined-'));
  for (const name of ['given', 'secret']) writeFileSync(join(folder, name), name);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a script in the gateway's place. */
function instead(script: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(
      nativeProgram('netns'),
      ['/usr/sbin/nft', join(folder, 'given'), '--', '/bin/sh', '-c', script],
      { cwd: '/' },
      (_, out, said) => resolve(out + said),
    );
  });
}

const ATTACK = (at: string): string => `
cat ${at}/given; echo; cat ${at}/secret; echo; (echo x >${at}/made) 2>&1; (echo x >${at}/given) 2>&1
head -c 4 /etc/hosts >/dev/null && echo system; head -c 1 /proc/${process.pid}/environ >/dev/null && echo environment
kill -0 ${process.pid} && echo signal; grep -c '^Cap[PEB].*:.0000000000000000$' /proc/self/status`;

describe('what stands in the gateway\u2019s place', () => {
  const confined = async (): Promise<void> => {
    const said = await instead(ATTACK(folder));
    expect(said).toMatch(/^given$/m);
    expect(said).toMatch(/^system$/m);
    expect(said).toMatch(/^3$/m);
    expect(said).not.toMatch(/^secret$|^environment$|^signal$/m);
    expect(said.match(/Permission denied/g)?.length).toBeGreaterThanOrEqual(4);
  };
  const becomesNobody = async (): Promise<void> => {
    const said = await instead(ATTACK(folder));
    expect(said).toMatch(/^secret$/m);
  };
  // With ids to choose from it is the gateway that becomes nobody, when it has read what it needs: until then it may read all.
  if (hasNobody()) test('is not confined where it will become nobody', becomesNobody);
  else test('has the user\u2019s id, and reads, writes and reaches nothing of the user\u2019s', confined);
});
