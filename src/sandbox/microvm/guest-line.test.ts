import { PassThrough } from 'node:stream';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GuestLine } from './guest-line.ts';

/** What a guest says, and what it is asked. */
function line() {
  const socket = new PassThrough();
  const asked: string[] = [];
  const said = Object.assign(socket, {
    write: (bytes: Buffer | string) => {
      asked.push(bytes.toString());
      return true;
    },
  });
  return { line: new GuestLine(said as unknown as Socket), say: (text: string) => socket.push(text), asked };
}

const USE = 'use\t199999488\t1000\t2\t120\t3\t0\t1\n';

describe('what process 1 of a guest says', () => {
  test('is that it booted, that the container stands, and what is used when it is asked', async () => {
    const { line: of, say, asked } = line();
    say('booted\t6.1.0-56-amd64\nstar');
    say('ted\t76\n');
    expect(await of.booted).toBe('6.1.0-56-amd64');
    expect(await of.started).toBe(76);
    const [one, other] = [of.use(1_000), of.use(1_000)];
    expect(asked).toEqual(['?']);
    say(USE);
    expect(await one).toEqual({
      memoryLimit: 199_999_488,
      memoryPeak: 1_000,
      oomKills: 2,
      pidsLimit: 120,
      pidsRefused: 3,
      blocksFull: false,
      filesFull: true,
    });
    expect(await other).toEqual(await one);
  });

  test('leaves out what its kernel did not tell', async () => {
    const { line: of, say } = line();
    const use = of.use(1_000);
    say('use\t-1\t-1\t-1\t-1\t-1\t0\t0\n');
    expect(await use).toEqual({ blocksFull: false, filesFull: false });
  });

  test('is not waited for without end, and its end is told with what ended', async () => {
    const { line: of, say } = line();
    expect(await of.use(5)).toBeUndefined();
    say('ended\tprocess 1\n');
    expect(await of.ended).toBe('its process 1 has ended');
    expect(await of.use(1_000)).toBeUndefined();
  });

  test('is never believed to the point of a crash, whatever it is and wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('booted\t', 'use\t1\t2', '\n', USE, 'ended\tx'))),
        async (parts) => {
          const { line: of, say } = line();
          for (const part of parts) say(part);
          say('\nwhat it must not say\n');
          await of.ended;
        },
      ),
    );
  });
});
