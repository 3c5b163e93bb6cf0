import { expect, test } from 'vitest';
import { profileOf } from '../profiles/index.ts';
import { profileContract } from './profile-contract.fixture.ts';
import { RUNTIMES_HERE } from './runtimes.fixture.ts';

const PROVEN = RUNTIMES_HERE.filter(({ name }) => profileOf('nested-build')?.runtimes.includes(name));

test('a profile is tried with at least one runtime', () => {
  expect(PROVEN.length).toBeGreaterThan(0);
});

profileContract(PROVEN);
