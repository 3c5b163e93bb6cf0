import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { ProcessExit, RunningProcess } from '../contract.ts';
import { MonitorProcess } from './monitor-process.ts';

const never = new Promise<never>(() => undefined);

function monitor(said: string, exited: Promise<ProcessExit>) {
  const stdout = new PassThrough();
  stdout.write(said);
  const running = { stdout, stderr: new PassThrough(), stdin: new PassThrough(), exited };
  return new MonitorProcess(running as unknown as RunningProcess);
}

async function ending(said: string): Promise<string> {
  const end = Promise.withResolvers<ProcessExit>();
  const of = monitor(said, end.promise);
  await new Promise((resolve) => setImmediate(resolve));
  end.resolve({ code: 0, signal: null });
  return of.ended;
}

describe('the monitor of a machine', () => {
  test('tells its end with the line that says most', async () => {
    expect(
      await ending('Booting\nmicrovm: /read: No such device\nKernel panic - not syncing: init\nend\n'),
    ).toBe('its monitor ended with status 0: microvm: /read: No such device');
    expect(await ending('a\nKernel panic - not syncing: Oops\n---\n')).toContain(
      'Kernel panic - not syncing: Oops',
    );
    expect(await ending('one\nqemu: \u001b[31mno such\u0007 option\r\n')).toBe(
      'its monitor ended with status 0: qemu: ?[31mno such? option',
    );
    expect(await ending('')).toBe('its monitor ended with status 0');
  });

  test('keeps only the last of what a guest says without end', async () => {
    expect((await ending('x'.repeat(1_000_000))).length).toBeLessThan(500);
  });

  test('is waited for until what must come came, it ended, or it is late: each with its reason', async () => {
    const running = monitor('', never);
    expect(await running.brings('a word', Promise.resolve(7), never)).toEqual({ ok: true, value: 7 });
    expect(await running.brings('a word', never, Promise.resolve('within 1 s'))).toMatchObject({
      ok: false,
      error: {
        rule: 'microvm/stood-still',
        why: 'the microVM did not start: a word did not come within 1 s',
      },
    });
    const gone = monitor('', Promise.resolve({ code: null, signal: 'SIGKILL' }));
    expect(await gone.brings('a word', never, never)).toMatchObject({
      ok: false,
      error: { rule: 'microvm/not-booted', kind: 'machine', why: expect.stringContaining('SIGKILL') },
    });
  });
});
