import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { guestImage } from './guest-image.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'image-'));
  writeFileSync(join(folder, 'a.ko'), 'a module');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const store = () => join(folder, 'store');
async function made(runtime = '/usr/bin/env'): Promise<string> {
  const image = await guestImage({ image: '', modules: [join(folder, 'a.ko')] }, runtime, store());
  if (!image.ok) throw new Error(image.error.why);
  return image.value;
}

describe('the first root of a guest', () => {
  test('holds our programs, the modules in order, and the runtime with its libraries at their places', async () => {
    const bytes = readFileSync(await made()).toString('latin1');
    for (const path of ['init', 'modules/000-a.ko', 'root/bin/runtime', 'root/bin/trace', 'root/read'])
      expect(bytes).toContain(`${path}\0`);
    expect(bytes).toMatch(/root\/[a-z0-9_/-]*libc\.so\.6\0/u);
    expect(bytes).toContain('a module');
  });

  test('is made once, again when a part of it changed, and old ones do not pile up', async () => {
    const first = await made();
    expect(await made()).toBe(first);
    for (let second = 1; second <= 6; second += 1) {
      utimesSync(join(folder, 'a.ko'), second, second);
      expect(await made()).not.toBe(first);
    }
    expect(readdirSync(store())).toHaveLength(4);
  });

  test('is refused for a program that is not there, and for a place that cannot be written', async () => {
    const kernel = { image: '', modules: [] };
    expect(await guestImage(kernel, '/no-such-program', store())).toMatchObject({ ok: false });
    mkdirSync(join(folder, 'file'), { mode: 0o755 });
    writeFileSync(join(folder, 'file/store'), '');
    expect(await guestImage(kernel, '/usr/bin/env', join(folder, 'file/store/below'))).toMatchObject({
      ok: false,
      error: { rule: 'microvm/guest-image' },
    });
  });
});
