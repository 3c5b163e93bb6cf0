import { expect, test } from 'vitest';
import { namespaceLimits } from './namespace-limits.ts';

const CLONE_NEWUSER = 0x1000_0000;
const CLONE_NEWNET = 0x4000_0000;

test('a job may make no namespace, or those kinds that its profile names and no other', () => {
  const kinds = (own: number): readonly string[] =>
    Object.entries(namespaceLimits(own)).flatMap(([name, most]) => (most === 0 ? [name] : []));
  expect(kinds(0)).toEqual(
    ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'time'].map((kind) => `max_${kind}_namespaces`),
  );
  expect(kinds(CLONE_NEWUSER + CLONE_NEWNET)).toEqual(
    ['mnt', 'pid', 'ipc', 'uts', 'cgroup', 'time'].map((kind) => `max_${kind}_namespaces`),
  );
});
