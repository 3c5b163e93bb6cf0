import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { forgetVerdict, KeptVerdict, processNow } from './kvm-verdict.ts';

let folder = '';
let part = '';
let child: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'verdict-'));
  part = join(folder, 'monitor');
  writeFileSync(part, 'one');
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const HANGS = { usable: false, why: 'it hangs' } as const;
const file = (): string => join(folder, 'kvm.json');
const read = (boot = 'boot'): unknown => new KeptVerdict(folder, [part, '/dev/null'], boot).read();
const keep = (verdict: Parameters<KeptVerdict['keep']>[0] = HANGS): void =>
  new KeptVerdict(folder, [part, '/dev/null'], 'boot').keep(verdict);

describe('what a try of KVM gave', () => {
  test('is kept as long as the machine runs, whichever it was', () => {
    expect(read()).toBeUndefined();
    keep();
    expect(read()).toEqual(HANGS);
    keep({ usable: true });
    expect(read()).toEqual({ usable: true });
    expect(read('next boot')).toBeUndefined();
  });

  test('is not of another monitor', () => {
    keep();
    utimesSync(part, 1, 1);
    expect(read()).toBeUndefined();
  });

  test('is of the same device, whenever somebody used that', () => {
    keep();
    writeFileSync('/dev/null', 'x');
    expect(read()).toEqual(HANGS);
  });

  test.each([
    ['the file', () => chmodSync(file(), 0o666)],
    ['the folder', () => chmodSync(folder, 0o777)],
    ['the file of another', () => chownSync(file(), 1, 1)],
  ])('is believed only when nobody but root could write it: %s', (_, open) => {
    keep({ usable: true });
    open();
    expect(read()).toBeUndefined();
  });

  test.each([
    'x',
    'null',
    '{}',
    '{"of":1,"verdict":{"usable":true}}',
    JSON.stringify({ of: 'same', verdict: { usable: 'true' } }),
    JSON.stringify({ of: 'same', verdict: { usable: false } }),
  ])('is nothing when it cannot be read: %s', (text) => {
    keep();
    const { of } = JSON.parse(readFileSync(file(), 'utf8')) as { of: string };
    writeFileSync(file(), text.replace('same', of));
    expect(read()).toBeUndefined();
  });

  test('is forgotten when it is asked for anew, but not while a process of it does not end', () => {
    child = spawn('sleep', ['60']);
    const { is = '' } = processNow(child.pid ?? 0) ?? {};
    keep({ ...HANGS, stuck: [is] });
    forgetVerdict(folder);
    expect(read()).toEqual({ ...HANGS, stuck: [is] });
    // The same number, of a process that started at another time.
    keep({ ...HANGS, stuck: [`${child.pid}:1`] });
    forgetVerdict(folder);
    expect(existsSync(file())).toBe(false);
  });
});
