import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { writeInChunks } from './write-in-chunks.ts';

/** Holds what was written until it is asked for, one write at a time. */
class Slow extends Writable {
  readonly written: string[] = [];
  #done: (() => void) | undefined;
  constructor() {
    super({ highWaterMark: 1, decodeStrings: false });
  }
  override _write(chunk: string, _: string, done: () => void): void {
    this.written.push(chunk);
    this.#done = done;
  }
  read(): void {
    this.#done?.();
  }
}

const PIECES = Array.from({ length: 1_000 }, (_, index) => `${String(index).padStart(4)} ${'x'.repeat(995)}`);

describe('text in many pieces', () => {
  it('is written whole, in its order, in few writes', async () => {
    const stream = new Slow();
    const timer = setInterval(() => stream.read(), 1);
    await writeInChunks(stream, PIECES, (piece) => piece);
    stream.end();
    stream.read();
    clearInterval(timer);
    expect(stream.written.join('')).toBe(PIECES.join(''));
    expect(stream.written.length).toBeLessThan(20);
  });

  it('waits for who reads slowly', async () => {
    const stream = new Slow();
    let rendered = 0;
    const done = writeInChunks(stream, PIECES, (piece) => {
      rendered += 1;
      return piece;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(rendered).toBeLessThan(100);
    const timer = setInterval(() => stream.read(), 1);
    await done;
    clearInterval(timer);
    expect(rendered).toBe(PIECES.length);
  });

  it('ends when nobody reads any more', async () => {
    const stream = new Slow();
    stream.on('error', () => undefined);
    let rendered = 0;
    const done = writeInChunks(stream, PIECES, (piece) => {
      rendered += 1;
      return piece;
    });
    stream.destroy(new Error('EPIPE'));
    await done;
    expect(rendered).toBeLessThan(100);
    expect(stream.listenerCount('drain')).toBe(0);
  });
});
