import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CHECKPOINT_FILE, openRecord, RECORD_FILE, RecordLost } from './record.ts';
import { type Verification, verifyRecord } from './verify-record.ts';
import type { RecordEvent } from './vocabulary.ts';

const RUN = '01JDAAAAAAAAAAAAAAAAAAAAAA';
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'record-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function options(name: string, runId = RUN) {
  const directory = join(folder, name);
  mkdirSync(directory, { recursive: true });
  return { directory, keysFolder: join(folder, 'keys'), runId, now: () => new Date(1_700_000_000_000) };
}

function event(i: number): RecordEvent {
  return { type: 'job.started', job: `job-${i}`, name: 'x'.repeat(i % 7) };
}

async function written(name: string, count: number, runId = RUN): Promise<string> {
  const record = openRecord(options(name, runId));
  for (let i = 0; i < count; i += 1) await record.write(event(i));
  await record.close();
  return options(name).directory;
}

function verify(name: string, runId = RUN): Promise<Verification> {
  return verifyRecord(options(name, runId));
}

describe('a record', () => {
  test('that was closed verifies, and gives its events in order', async () => {
    await written('a', 50);
    const seen: string[] = [];
    const result = await verifyRecord({
      ...options('a'),
      each: (found) => seen.push(found.type === 'job.started' ? found.job : ''),
    });
    expect(result).toMatchObject({ state: 'whole', events: 50 });
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => `job-${i}`));
  });

  test('in which any byte was changed does not verify', async () => {
    const directory = await written('a', 6);
    const file = join(directory, RECORD_FILE);
    const bytes = readFileSync(file);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(at) ^ by, at);
        writeFileSync(file, changed);
        expect((await verify('a')).state).toBe('broken');
      }),
      { numRuns: 150 },
    );
  });

  test('that was cut anywhere does not verify', async () => {
    const directory = await written('a', 5);
    const file = join(directory, RECORD_FILE);
    const bytes = readFileSync(file);
    for (let length = 0; length < bytes.length; length += 1) {
      writeFileSync(file, bytes.subarray(0, length));
      expect((await verify('a')).state).toBe('broken');
    }
  });

  test('with a line left out, doubled, swapped or added does not verify', async () => {
    const directory = await written('a', 5);
    const file = join(directory, RECORD_FILE);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const [a = '', b = '', c = '', d = '', e = ''] = lines;
    for (const forged of [
      [a, b, d, e],
      [a, b, c, d],
      [a, b, b, c, d, e],
      [a, c, b, d, e],
      [a, b, c, d, e, e],
      [],
    ]) {
      writeFileSync(file, forged.map((line) => `${line}\n`).join(''));
      expect((await verify('a')).state).toBe('broken');
    }
  });

  test('of another run, put in its place with its checkpoint, does not verify', async () => {
    await written('a', 3);
    await written('b', 3, '01JDBBBBBBBBBBBBBBBBBBBBBB');
    for (const name of [RECORD_FILE, CHECKPOINT_FILE]) {
      writeFileSync(join(folder, 'a', name), readFileSync(join(folder, 'b', name)));
    }
    expect(await verify('a')).toMatchObject({ state: 'broken', why: expect.stringContaining('another run') });
  });

  test('signed by another key does not verify', async () => {
    await written('a', 3);
    rmSync(join(folder, 'keys'), { recursive: true });
    expect(await verify('a')).toMatchObject({ state: 'broken', why: expect.stringContaining('key of this') });
    expect(existsSync(join(folder, 'keys'))).toBe(false);
    await written('b', 3);
    expect(await verify('a')).toMatchObject({ state: 'broken', why: expect.stringContaining('signature') });
  });

  test('of a run that was cut off says so, and is never called whole', async () => {
    const record = openRecord(options('a'));
    for (let i = 0; i < 4; i += 1) await record.write(event(i), { durable: true });
    const result = await verify('a');
    expect(result).toMatchObject({ state: 'unfinished', events: 4 });
    // Signed every two seconds: what came since could be anyone's.
    const signed = result.state === 'unfinished' ? result.signed : 4;
    expect(signed).toBeLessThan(4);
    expect(result).toMatchObject({ why: expect.stringContaining(`the last ${4 - signed} of 4 events`) });
    await record.close();
    expect((await verify('a')).state).toBe('whole');
  });

  test('of a run that was cut off before its first event says so; an event without its checkpoint is a forgery', async () => {
    await written('a', 2);
    const file = join(folder, 'a', RECORD_FILE);
    rmSync(join(folder, 'a', CHECKPOINT_FILE));
    expect(await verify('a')).toMatchObject({ state: 'broken', why: expect.stringContaining('checkpoint') });
    writeFileSync(file, '');
    expect(await verify('a')).toMatchObject({ state: 'unfinished', events: 0 });
    rmSync(file);
    expect(await verify('a')).toMatchObject({ state: 'unfinished', events: 0 });
  });

  test('holds all that was to be durable when its promise is fulfilled, however many wait at one time, also as it ends', async () => {
    const record = openRecord(options('a'));
    const file = join(options('a').directory, RECORD_FILE);
    const there = async (i: number, written: Promise<void>): Promise<boolean> => {
      await written;
      return readFileSync(file, 'utf8').includes(`"job-${i}"`);
    };
    const write = (i: number): Promise<boolean> => there(i, record.write(event(i), { durable: true }));
    const first = Array.from({ length: 40 }, (_, i) => write(i));
    await Promise.race(first);
    const more = Array.from({ length: 40 }, (_, i) => write(40 + i));
    await record.close();
    expect(await Promise.all([...first, ...more])).not.toContain(false);
    expect(await verify('a')).toMatchObject({ state: 'whole', events: 80 });
  });

  test('that cannot be written refuses what is to be granted', async () => {
    const record = openRecord(options('a'));
    await record.close();
    await expect(record.write(event(1), { durable: true })).rejects.toThrow('closed');
  });

  test('is not begun with a key that others could have read, or that is a link', async () => {
    await written('a', 1);
    const key = join(folder, 'keys/record.ed25519');
    chmodSync(key, 0o644);
    expect(() => openRecord(options('b'))).toThrow(RecordLost);
    expect(await verify('a')).toMatchObject({ state: 'broken', why: expect.stringContaining('chmod 600') });
    chmodSync(key, 0o600);
    renameSync(key, join(folder, 'elsewhere'));
    symlinkSync(join(folder, 'elsewhere'), key);
    expect(() => openRecord(options('c'))).toThrow(RecordLost);
    expect((await verify('a')).state).toBe('broken');
  });

  test('that a job has filled counts what it sees, and goes on to record what is granted, until that is refused', async () => {
    const record = openRecord({ ...options('a'), bounds: { observations: 10, bytes: 20_000 } });
    const seen = (pid: number): RecordEvent => ({
      type: 'process.started',
      job: 'a',
      step: 's',
      pid,
      parent: 1,
      argv: [],
      truncated: false,
      at: '',
    });
    const granted = (connection: number): RecordEvent => ({
      type: 'network.connection',
      job: 'a',
      step: 's',
      connection,
      verdict: 'allowed',
      address: '198.18.0.1',
      port: 443,
      protocol: 'tls',
    });
    for (let pid = 0; pid < 1_000; pid += 1) await record.write(seen(pid));
    await record.write(granted(0), { durable: true });
    let connections = 1;
    const grant = async (): Promise<void> => {
      for (; connections < 1_000; connections += 1)
        await record.write(granted(connections), { durable: true });
    };
    await expect(grant()).rejects.toThrow(RecordLost);
    await record.write({ type: 'job.finished', job: 'a', result: 'success', durationMs: 1 });
    await record.close();
    const events: RecordEvent[] = [];
    const result = await verifyRecord({ ...options('a'), each: (found) => events.push(found) });
    expect(result.state).toBe('whole');
    const types = events.map(({ type }) => type);
    expect(types.filter((type) => type === 'process.started')).toHaveLength(10);
    expect(types.filter((type) => type === 'network.connection')).toHaveLength(connections);
    expect(connections).toBeGreaterThan(50);
    expect(types[10]).toBe('telemetry.gap');
    expect(events.at(-2)).toMatchObject({ type: 'job.finished' });
    expect(events.at(-1)).toMatchObject({ type: 'telemetry.gap', count: 990 });
  });

  test('bounds what a hostile job puts into an event', async () => {
    const record = openRecord(options('a'));
    await record.write({ type: 'job.started', job: 'a', name: 'n'.repeat(10_000_000) });
    await record.write({ type: 'telemetry.gap', what: '\ud800', why: '\u0000' });
    await record.close();
    expect(await verify('a')).toMatchObject({ state: 'whole', events: 2 });
    expect(readFileSync(join(folder, 'a', RECORD_FILE)).length).toBeLessThan(10_000);
  });
});
