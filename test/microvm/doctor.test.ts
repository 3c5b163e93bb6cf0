import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const DEVICE = '/dev/kvm';
const wasThere = existsSync(DEVICE);
let folder: string;
beforeAll(() => {
  // Something to mount on.
  if (!wasThere) writeFileSync(DEVICE, '');
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  execFileSync('mkfifo', [join(folder, 'kvm')]);
  mkdirSync(join(folder, 'work'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (!wasThere) rmSync(DEVICE);
});

/** In mounts of its own, where /dev/kvm is a pipe: who opens it to read or to write waits for ever. */
const HANGING = `
mount --bind "$1" /dev/kvm || exit 9
! timeout 0.2 sh -c ': </dev/kvm' || exit 9
shift
exec "$@"
`;

const inHanging = (...argv: readonly string[]) =>
  spawnSync(
    'unshare',
    ['--mount', '--propagation', 'private', 'sh', '-c', HANGING, 'sh', join(folder, 'kvm'), ...argv],
    {
      encoding: 'utf8',
      timeout: 400_000,
      env: { ...process.env, COFFERDAM_STATE: join(folder, 'state') },
      cwd: join(folder, 'work'),
    },
  );

test('doctor says that this machine runs microVMs and how long one takes, by booting one, where /dev/kvm hangs', () => {
  const ran = inHanging(process.execPath, join(ROOT, 'dist/cofferdam.mjs'), 'doctor', '--json');
  expect(ran.status, ran.stderr).toBe(0);
  const lines = ran.stdout
    .trim()
    .split('\n')
    .map(
      (line) => JSON.parse(line) as { readonly name: string; readonly held: boolean; readonly seen: string },
    );
  const microvm = lines.find(({ name }) => name === 'microvm (qemu)');
  expect(microvm, JSON.stringify(microvm)).toMatchObject({ held: true });
  expect(microvm?.seen).toMatch(
    /^qemu \d\S*, Linux \d\S* translated, without KVM \(\/dev\/kvm is not the device of KVM \(10:232\)\), up in \d+\.\d s(?: at the second boot)?, \d{3} checks held in [\d.]+ ms$/,
  );
  expect(lines.find(({ name }) => name === 'nothing left behind')).toMatchObject({ held: true });
});

test('a job runs in a microVM where /dev/kvm hangs, and the record says that it was translated', () => {
  const cofferdam = [process.execPath, join(ROOT, 'dist/cofferdam.mjs')];
  const ran = inHanging(...cofferdam, 'exec', '--isolation', 'microvm', '--json', '--', 'true');
  expect(ran.status, ran.stderr).toBe(0);
  const record = execFileSync('find', [join(folder, 'state/runs'), '-name', 'record.jsonl'], {
    encoding: 'utf8',
  })
    .trim()
    .split('\n')
    .map((path) => readFileSync(path, 'utf8'))
    .find((text) => text.includes('"microvm"'));
  expect(record).toContain('"acceleration":"tcg"');
  expect(record).toContain('"notKvm":"/dev/kvm is not the device of KVM (10:232)"');
});
