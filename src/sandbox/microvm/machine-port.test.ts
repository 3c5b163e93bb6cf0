import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openMachinePort } from './machine-port.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'port-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const outcome = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    socket.on('connect', () => resolve('connected'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });

describe('a port of a machine', () => {
  test('is for the first that connects, and for nobody after that', async () => {
    const path = join(folder, 'port');
    const port = await openMachinePort(path);
    const first = connect(path);
    expect(await outcome(first)).toBe('connected');
    (await port.connected).write('for the first');
    expect(await new Promise((resolve) => first.once('data', (bytes) => resolve(String(bytes))))).toBe(
      'for the first',
    );
    expect(await outcome(connect(path))).toMatch(/ENOENT|ECONNREFUSED/u);
    port.close();
  });

  test('is gone when it is closed before anyone came', async () => {
    const path = join(folder, 'port');
    (await openMachinePort(path)).close();
    expect(await outcome(connect(path))).toMatch(/ENOENT|ECONNREFUSED/u);
  });
});
