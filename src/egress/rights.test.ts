import { spawn } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { hasNobody, rightsOf } from './rights.ts';

const started: ReturnType<typeof spawn>[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

async function sleeping(...command: readonly [string, ...string[]]): Promise<string> {
  const [program, ...args] = [...command, 'sh', '-c', 'echo up; exec sleep 60'] as [string, ...string[]];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return String(child.pid);
}

describe('what a process may do', () => {
  const isNobodys = async (): Promise<void> => {
    const nobody = ['setpriv', '--reuid', '65534', '--clear-groups'] as const;
    expect(rightsOf(await sleeping(...nobody))).toEqual({ uid: 65_534, any: false });
  };
  // A user with a single id has no nobody to become.
  if (hasNobody()) test('is read from outside, of nobody', isNobodys);

  test('is read from outside, of root with capabilities and without', async () => {
    expect(rightsOf('self')).toEqual({ uid: 0, any: true });
    const bare = ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all'] as const;
    expect(rightsOf(await sleeping(...bare))).toEqual({ uid: 0, any: false });
  });

  test('is everything when it cannot be read', () => {
    expect(rightsOf('no-such-process')).toEqual({ uid: 0, any: true });
  });
});

describe('a user namespace', () => {
  test('has a nobody when the map has that id, and none with a single id or without a map', () => {
    expect(hasNobody('         0          0 4294967295\n')).toBe(true);
    expect(hasNobody('0 12345 1\n1 700000 65535\n')).toBe(true);
    expect(hasNobody('0 12345 1\n1 700000 65533\n')).toBe(false);
    expect(hasNobody('0 12345 1\n')).toBe(false);
    expect(hasNobody('')).toBe(false);
  });
});
