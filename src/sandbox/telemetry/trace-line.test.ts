import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObservedProcess } from '../contract.ts';
import { LineSplitter } from './line-splitter.ts';
import { PathSearch } from './path-search.ts';
import { parseTraceLine } from './trace-line.ts';

const exec = { kind: 'exec', at: 1, host: 9, pid: 2, parent: 1, uid: 0, path: '/x', argv: ['x'], cut: false };

describe('lines of the trace program', () => {
  it('are taken whole or not at all', () => {
    expect(parseTraceLine(JSON.stringify({ ...exec, missing: false }))).toEqual({
      kind: 'exec',
      hostPid: 9,
      process: { pid: 2, parent: 1, argv: ['x'], truncated: false, startedAt: 1, executable: '/x', uid: 0 },
    });
    for (const bad of [
      exec,
      { ...exec, missing: 1 },
      { ...exec, missing: true, argv: [1] },
      { kind: 'socket' },
      { ...exec, kind: 'attempt', call: 'mount', count: 1, refused: true, arguments: ['1'] },
    ])
      expect(parseTraceLine(JSON.stringify(bad))).toBeUndefined();
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => parseTraceLine(text) === undefined));
  });

  it('are the same however the stream is cut, and one without an end is not hoarded', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'ü') })), fc.nat(), (texts, size) => {
        const seen: string[] = [];
        const splitter = new LineSplitter((text) => seen.push(text));
        const whole = Buffer.from(texts.map((text) => `${text}\n`).join(''));
        const step = 1 + (size % 7);
        for (let from = 0; from < whole.length; from += step) splitter.add(whole.subarray(from, from + step));
        expect(seen).toEqual(texts);
      }),
    );
    const long: string[] = [];
    const splitter = new LineSplitter((text) => long.push(text));
    for (let i = 0; i < 20; i += 1) splitter.add(Buffer.alloc(10_000, 'x'));
    expect(long.length).toBeGreaterThan(1);
  });
});

describe('a search along PATH', () => {
  const tried = (pid: number, argv: readonly string[], notFound: boolean): ObservedProcess => ({
    pid,
    parent: 1,
    argv,
    truncated: false,
    startedAt: 0,
    ...(notFound && { notFound: true }),
  });

  it('hides no attempt but one that the same process repeated with the same arguments', () => {
    const attempt = fc.tuple(fc.nat({ max: 2 }), fc.constantFrom('a', 'b'), fc.boolean());
    fc.assert(
      fc.property(fc.array(attempt), (attempts) => {
        const seen: ObservedProcess[] = [];
        const search = new PathSearch((process) => seen.push(process));
        const all = attempts.map(([pid, name, notFound]) => tried(pid, [name], notFound));
        for (const process of all) search.add(process.pid, process);
        search.end();
        const repeated = all.filter((process, index) => {
          const next = all.slice(index + 1).find((later) => later.pid === process.pid);
          return process.notFound === true && next?.argv[0] === process.argv[0];
        });
        expect(new Set(seen)).toEqual(new Set(all.filter((process) => !repeated.includes(process))));
      }),
    );
  });

  it('holds back no more than a bounded number of processes', () => {
    const seen: ObservedProcess[] = [];
    const search = new PathSearch((process) => seen.push(process));
    for (let pid = 1; pid <= 1_000; pid += 1) search.add(pid, tried(pid, ['x'], true));
    expect(seen.length).toBeGreaterThan(900);
  });
});
