import { describe, expect, test } from 'vitest';
import type { ProgramRule } from '../config/index.ts';
import { AskedPrograms } from './asked-programs.ts';
import { parseAllowlist } from './allowlist.ts';
import type { ProgramSeen } from './contract.ts';
import { decide } from './decide.ts';
import { fitsPrograms } from './programs.ts';

const node = (more: Partial<Extract<ProgramSeen, { known: true }>> = {}): ProgramSeen => ({
  known: true,
  pid: 4,
  run: ['/usr/bin/node'],
  script: ['/usr/lib/npm/cli.js', '/usr/bin/npm'],
  jit: true,
  above: [{ run: ['/usr/bin/bash'] }],
  ...more,
});
const NPM: ProgramRule = { run: '/usr/bin/node', script: '/usr/bin/npm', jit: true };

describe('a program and the rules of an entry', () => {
  test.each<[string, readonly ProgramRule[] | undefined, ProgramSeen | undefined, boolean]>([
    ['any, where the entry names none', undefined, undefined, true],
    ['one by its executable and script', [NPM], node(), true],
    ['one of several', [{ run: '/usr/bin/git' }, NPM], node(), true],
    ['none that is not known', [NPM], { known: false, why: 'gone', run: '/usr/bin/node' }, false],
    ['none that nobody asked for', [NPM], undefined, false],
    ['none with another script', [NPM], node({ script: ['/usr/lib/other.js'] }), false],
    ['none that makes code where that is not said', [{ run: '/usr/bin/node' }], node(), false],
    [
      'none below one of the entry',
      [NPM],
      node({ above: [{ run: ['/usr/bin/bash'] }, node() as never] }),
      false,
    ],
    [
      'one below one of the entry, where that is said',
      [{ ...NPM, nested: true }],
      node({ above: [node() as never] }),
      true,
    ],
  ])('fit: %s', (_, rules, program, expected) => {
    expect(fitsPrograms(rules, program)).toBe(expected);
  });

  test('decide by the entries that are for it, and by no other', () => {
    const allow = parseAllowlist(
      [
        { to: 'a.test', programs: [NPM], methods: ['GET'] },
        { to: 'a.test', programs: [{ run: '/usr/bin/git' }] },
      ],
      {},
    );
    if (!allow.ok) throw new Error(allow.error.why);
    const policy = { allow: allow.value, allowRanges: [] };
    const to = { host: 'a.test', port: 443, protocol: 'tls', claimed: 'a.test' } as const;
    const git = node({ run: ['/usr/bin/git'], jit: false });
    expect(decide(policy, { ...to, program: git })).toMatchObject({ allowed: true });
    // What is open to git without being read is not open to npm.
    expect(decide(policy, { ...to, program: node() })).toEqual({ allowed: false, reason: 'not-readable' });
    expect(decide(policy, { ...to, program: node(), inspectable: true })).toMatchObject({
      reads: [{ methods: ['GET'] }],
    });
    expect(decide(policy, to)).toEqual({ allowed: false, reason: 'program-not-known' });
    expect(decide(policy, { ...to, program: node({ run: ['/usr/bin/curl'] }) })).toEqual({
      allowed: false,
      reason: 'program-not-allowed',
    });
    expect(decide(policy, { ...to, port: 22, program: git })).toEqual({
      allowed: false,
      reason: 'not-on-allowlist',
    });
  });
});

describe('the gateway that asks for a program', () => {
  const target = { id: 1, family: 4, clientPort: 5, address: '198.18.0.1', port: 443 } as const;

  test('cuts what a process held when it becomes another, also when that was told before it was held', async () => {
    const asked: number[] = [];
    const programs = new AskedPrograms((number) => asked.push(number));
    const answer = async () => {
      const program = programs.ask(target, []);
      programs.answer(asked.at(-1) ?? 0, node());
      return program;
    };
    let cuts = 0;
    const cut = (): void => {
      cuts += 1;
    };
    programs.hold(await answer(), cut);
    programs.becameAnother(5);
    expect(cuts).toBe(0);
    programs.becameAnother(4);
    expect(cuts).toBe(1);
    const early = await answer();
    programs.becameAnother(4);
    programs.hold(early, cut);
    expect(cuts).toBe(2);
    // What it asks for as what it is now stays, until it lets go.
    const letGo = programs.hold(await answer(), cut);
    letGo();
    programs.becameAnother(4);
    expect(cuts).toBe(2);
  });

  test('does not ask without end', async () => {
    let asked = 0;
    const programs = new AskedPrograms(() => {
      asked += 1;
    });
    const answers = Array.from({ length: 300 }, () => programs.ask(target, []));
    expect(asked).toBe(256);
    expect(await answers.at(-1)).toMatchObject({ known: false });
  });
});
