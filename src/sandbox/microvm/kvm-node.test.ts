import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SANDBOXES } from '../oci/here.fixture.ts';
import { unmountBelow } from '../workspace/index.ts';
import { kvmAbsent, layKvm } from './kvm-node.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(SANDBOXES, 'cofferdam-test-kvm-'));
});
afterEach(async () => {
  await unmountBelow(folder);
  rmSync(folder, { recursive: true, force: true });
});

describe('the device of KVM', () => {
  test('is known by its number, and never opened', () => {
    const pipe = join(folder, 'pipe');
    // Who opens it waits for ever.
    execFileSync('mkfifo', [pipe]);
    writeFileSync(join(folder, 'file'), '');
    expect(kvmAbsent(join(folder, 'none'))).toContain('has no');
    for (const path of [pipe, join(folder, 'file'), '/dev/null'])
      expect(kvmAbsent(path)).toBe(`${path} is not the device of KVM (10:232)`);
    const node = join(folder, 'kvm');
    execFileSync('mknod', [node, 'c', '10', '232']);
    expect(kvmAbsent(node)).toBeUndefined();
  });

  test('is given as a node of its own to one user alone', async () => {
    const laid = await layKvm(join(folder, 'device'), 1_234_567);
    if (!laid.ok) throw new Error(laid.error.why);
    const { uid, gid, mode, rdev } = statSync(laid.value);
    expect({ uid, gid, mode, rdev }).toEqual({
      uid: 1_234_567,
      gid: 1_234_567,
      mode: 0o020_600,
      rdev: 2_792,
    });
  });

  test('is refused where we may make no node, with the kernel\u2019s reason', () => {
    const script = `import { layKvm } from ${JSON.stringify(join(import.meta.dirname, 'kvm-node.ts'))};
      const laid = await layKvm(process.argv[1], 1);
      console.log(laid.ok ? 'made' : laid.error.why);`;
    const lay = (name: string, ...as: readonly string[]): string => {
      const [program = '', ...words] = [
        ...as,
        process.execPath,
        '--input-type=module',
        '-e',
        script,
        join(folder, name),
      ];
      return execFileSync(program, words, { encoding: 'utf8' }).trim();
    };
    expect(lay('with')).toBe('made');
    expect(lay('without', 'setpriv', '--bounding-set', '-mknod')).toMatch(
      /^a node of KVM's device cannot be made here: .*Operation not permitted$/,
    );
  });
});
