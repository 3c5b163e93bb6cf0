import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideZone } from './decide-zone.ts';
import type { Fact, ZoneFacts } from './facts.ts';

const fact = <T extends string | boolean>(value: T, forgeable = false): Fact<T> => ({
  value,
  source: 'git',
  forgeable,
});

/** A push to the tip of a protected branch of a repository that the operator vouches for. */
const REVIEWED: ZoneFacts = {
  event: fact('push'),
  fork: fact(false),
  repository: fact('o/r'),
  ref: fact('refs/heads/main'),
  commit: fact('0'.repeat(40)),
  workTree: fact(false),
  payloadOwn: fact(true),
  repositoryTrusted: fact(true),
  protectedBranch: fact(true),
  onProtectedBranch: fact(true),
};

const TAGGED: ZoneFacts = {
  ...REVIEWED,
  ref: fact('refs/tags/v1'),
  protectedBranch: fact(false),
  protectedTag: fact(true),
  signedTag: fact(true),
};

describe('the zone of a job', () => {
  test('is internal for the tip of a protected branch, and release for a signed protected tag on its history', () => {
    expect(decideZone(REVIEWED).zone).toBe('internal');
    expect(decideZone(TAGGED).zone).toBe('release');
  });

  test('is release for a protected environment on a protected branch, and for no other environment', () => {
    const environment = fact('production');
    expect(decideZone({ ...REVIEWED, environment, protectedEnvironment: fact(true) }).zone).toBe('release');
    expect(decideZone({ ...REVIEWED, environment, protectedEnvironment: fact(false) }).zone).toBe('internal');
    expect(decideZone({ ...TAGGED, signedTag: fact(false), environment }).zone).toBe('internal');
  });

  test.each<[string, Partial<ZoneFacts>]>([
    ['a fork', { fork: fact(true) }],
    ['a head that may be a fork', { fork: fact(false, true) }],
    ['pull_request_target', { event: fact('pull_request_target') }],
    ['workflow_run', { event: fact('workflow_run') }],
    ['an event that we do not know', { event: fact('constructor') }],
    ['a work tree', { workTree: fact(true) }],
    ['a payload from a file', { payloadOwn: fact(false) }],
    ['a repository that nobody vouches for', { repositoryTrusted: fact(false) }],
  ])('is untrusted for %s, whatever else is proven', (_name, facts) => {
    expect(decideZone({ ...TAGGED, ...facts }).zone).toBe('untrusted');
    expect(decideZone({ ...TAGGED, ...facts }).because).not.toEqual([]);
  });

  test('of a pull request follows the author, when the word about the author cannot be forged', () => {
    const pull = { ...REVIEWED, event: fact('pull_request') };
    expect(decideZone({ ...pull, authorAssociation: fact('MEMBER') }).zone).toBe('internal');
    expect(decideZone({ ...pull, authorAssociation: fact('MEMBER', true) }).zone).toBe('untrusted');
    expect(decideZone({ ...pull, authorAssociation: fact('CONTRIBUTOR') }).zone).toBe('untrusted');
    expect(decideZone(pull).zone).toBe('untrusted');
  });

  test('is never raised by a fact that is absent or that could be forged', () => {
    const order = ['untrusted', 'internal', 'release'];
    const names = Object.keys(TAGGED) as (keyof ZoneFacts)[];
    const boolean = fc.record({ value: fc.boolean(), forgeable: fc.boolean(), source: fc.constant('git') });
    fc.assert(
      fc.property(
        fc.constantFrom('push', 'pull_request', 'release', 'schedule', 'pull_request_target'),
        fc.record({
          fork: boolean,
          workTree: boolean,
          payloadOwn: boolean,
          repositoryTrusted: boolean,
          protectedBranch: boolean,
          onProtectedBranch: boolean,
          protectedTag: boolean,
          signedTag: boolean,
          protectedEnvironment: boolean,
        }),
        fc.constantFrom(...names),
        (event, some, name) => {
          const facts: ZoneFacts = {
            ...TAGGED,
            ...some,
            event: fact(event),
            environment: fact('production'),
          };
          const before = order.indexOf(decideZone(facts).zone);
          const forged = { ...facts, [name]: { ...facts[name], forgeable: true } };
          expect(order.indexOf(decideZone(forged).zone)).toBeLessThanOrEqual(before);
          if (['event', 'fork', 'repository', 'ref', 'commit', 'workTree', 'payloadOwn'].includes(name))
            return;
          const { [name]: _absent, ...rest } = facts;
          expect(order.indexOf(decideZone(rest as ZoneFacts).zone)).toBeLessThanOrEqual(before);
        },
      ),
    );
  });
});
