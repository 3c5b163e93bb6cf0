import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT } from './cofferdam.fixture.ts';
import { leftBehindAfter } from './left-behind.fixture.ts';
import { MadeByARun } from './made-by-a-run.fixture.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'a bench that %s ends in the middle leaves nothing of its sandbox on the machine',
  async (signal) => {
    const bench = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(ROOT, 'bench/bench.ts'), 'tiers'],
      { env: { ...process.env, TMPDIR: folder }, stdio: 'ignore' },
    );
    const ended = new Promise<number | null>((resolve) => {
      bench.once('exit', (status) => resolve(status));
    });
    const made = new MadeByARun(bench.pid ?? 0);
    await made.something();
    expect(made.names).not.toEqual(new Set());
    const [name = ''] = made.names;
    bench.kill(signal);
    expect(await ended).toBe({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal]);
    expect(await leftBehindAfter([...made.names])).toEqual([]);
    for (const place of ['/run/cofferdam', '/dev/shm/cofferdam'])
      if (existsSync(place))
        expect(readdirSync(place).filter((one) => one.toLowerCase() === name)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  },
);
