import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { defaultControls } from '../../zone/index.ts';
import { GuestTelemetry } from './guest-telemetry.ts';

const WITHIN_MS = 500;

/** A port behind which no guest answers until it is told to. */
class Port extends Duplex {
  questions = 0;
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.questions += chunk.toString('latin1').split('s').length - 1;
    done();
  }
  says(...lines: readonly object[]): void {
    for (const line of lines) this.push(`${JSON.stringify(line)}\n`);
  }
}

function telemetryOf(port: Port): GuestTelemetry {
  return new GuestTelemetry(
    port as unknown as Socket,
    {
      runId: 'r',
      jobId: 'j',
      controls: defaultControls('untrusted', { memoryBytes: 1e9, cpus: 1 }),
      root: { kind: 'host' },
      workspace: { path: '/work' },
      readPaths: [],
      writePaths: [],
      files: [],
      networkNamespace: '',
      temporary: [],
      probeName: '',
      hostname: '',
    },
    () => undefined,
  );
}

const asks = (port: number, pid: number) => ({
  kind: 'connect',
  at: 1,
  host: pid,
  pid,
  parent: 1,
  uid: 1001,
  argv: [`program ${pid}`],
  protocol: 'udp',
  address: '192.0.0.2',
  port,
});
const SETTLED = { kind: 'settled' };

test('a question is its program\u2019s also when the guest\u2019s word comes after the packet', async () => {
  const port = new Port();
  const telemetry = telemetryOf(port);
  const owner = telemetry.ownerOf('udp', 5_000, WITHIN_MS);
  port.says(asks(5_000, 7), SETTLED);
  expect(await owner).toMatchObject({ pid: 7, argv: ['program 7'] });
});

test('a port that was another program\u2019s is the one\u2019s that took it last', async () => {
  const port = new Port();
  const telemetry = telemetryOf(port);
  const first = telemetry.ownerOf('udp', 5_000, WITHIN_MS);
  port.says(asks(5_000, 7), SETTLED);
  expect((await first)?.pid).toBe(7);
  const second = telemetry.ownerOf('udp', 5_000, WITHIN_MS);
  port.says(asks(5_000, 8), SETTLED);
  expect((await second)?.pid).toBe(8);
});

test('a socket that sends without connecting is known by the port that it took', async () => {
  const port = new Port();
  const telemetry = telemetryOf(port);
  const owner = telemetry.ownerOf('udp', 5_000, WITHIN_MS);
  port.says({ ...asks(5_000, 7), kind: 'listen' }, SETTLED);
  expect((await owner)?.pid).toBe(7);
});

test('a guest that stays silent leaves the owner unknown, also one that was known before, and is asked twice at most', async () => {
  const port = new Port();
  const telemetry = telemetryOf(port);
  const known = telemetry.ownerOf('udp', 5_000, WITHIN_MS);
  port.says(asks(5_000, 7), SETTLED);
  await known;
  const before = port.questions;
  const owners = await Promise.all(
    Array.from({ length: 200 }, () => telemetry.ownerOf('udp', 5_000, WITHIN_MS)),
  );
  expect(new Set(owners)).toEqual(new Set([undefined]));
  expect(port.questions - before).toBeLessThanOrEqual(2);
});

test('whoever asks while a question is on its way is answered by the next', async () => {
  const port = new Port();
  const telemetry = telemetryOf(port);
  const early = telemetry.ownerOf('udp', 5_000, WITHIN_MS);
  const late = telemetry.ownerOf('udp', 5_001, WITHIN_MS);
  port.says(SETTLED);
  expect(await early).toBeUndefined();
  port.says(asks(5_001, 9), SETTLED);
  expect((await late)?.pid).toBe(9);
});

test('the end of the machine ends all waiting', async () => {
  const port = new Port();
  const telemetry = telemetryOf(port);
  const owner = telemetry.ownerOf('udp', 5_000, 60_000);
  port.destroy();
  expect(await owner).toBeUndefined();
});
