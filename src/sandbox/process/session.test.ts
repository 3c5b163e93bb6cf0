import { PassThrough, Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ANSWER, encodeFrame, MAX_FRAME_BYTES } from './frames.ts';
import { InitSession } from './session.ts';

function conversation() {
  const said = new PassThrough();
  const heard = new PassThrough();
  heard.resume();
  const socket = Duplex.from({ readable: said, writable: heard });
  return { said, session: new InitSession(socket) };
}
const SPEC = { stepId: 's', argv: ['true'], environment: {}, workingDirectory: '/' } as const;

describe('what process 1 says', () => {
  test('ends the sandbox when it is no frame, too long, or of a process that was not started', async () => {
    const tooLong = Buffer.alloc(9);
    tooLong.writeUInt32LE(MAX_FRAME_BYTES + 1);
    for (const bytes of [
      tooLong,
      encodeFrame(ANSWER.started, 4, Buffer.alloc(4)),
      encodeFrame(99, 1),
      encodeFrame(ANSWER.exited, 7, Buffer.from([0, 0])),
    ]) {
      const { said, session } = conversation();
      said.write(bytes);
      expect((await session.ended).why).not.toBe('');
    }
  });

  test('ends the sandbox when it is more output than was asked for, which nobody has read', async () => {
    const { said, session } = conversation();
    const started = session.start(SPEC);
    said.write(encodeFrame(ANSWER.started, 1, Buffer.alloc(4)));
    for (let sent = 0; sent < 40; sent += 1) said.write(encodeFrame(ANSWER.stdout, 1, Buffer.alloc(65_536)));
    expect((await session.ended).why).toContain('more output than it was asked for');
    expect(started.stdout.readableLength).toBeLessThan(2_097_152);
  });

  test('is over when it had ended before anyone listened', async () => {
    const socket = new PassThrough();
    socket.destroy();
    await new Promise((resolve) => socket.once('close', resolve));
    const session = new InitSession(socket);
    expect((await session.ended).why).toBe('its process 1 has ended');
    expect(await session.start(SPEC).exited).toMatchObject({ failure: 'ESRCH' });
  });

  test('is never believed to the point of a crash, whatever it is and wherever it is cut', async () => {
    const frame = fc
      .tuple(
        fc.integer({ min: 14, max: 27 }),
        fc.integer({ min: 0, max: 2 }),
        fc.uint8Array({ maxLength: 12 }),
      )
      .map(([type, id, payload]) => encodeFrame(type, id, payload));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(frame, fc.uint8Array())),
        fc.nat({ max: 40 }),
        async (parts, cut) => {
          const { said, session } = conversation();
          const started = session.start(SPEC);
          started.stdout.resume();
          started.stderr.resume();
          const bytes = Buffer.concat(parts);
          said.write(bytes.subarray(0, cut));
          said.write(bytes.subarray(cut));
          for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
          session.close();
          await session.ended;
          expect(await started.exited).toBeTypeOf('object');
        },
      ),
    );
  });
});
