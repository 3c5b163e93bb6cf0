import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZONES } from '../zone/index.ts';
import { withheldSecrets } from './withheld.ts';

describe('which secrets a job gets', () => {
  it('gives the untrusted zone none, even those that its controls name', () => {
    const decision = withheldSecrets(['NPM_TOKEN'], { zone: 'untrusted', secrets: { allow: ['NPM_TOKEN'] } });
    expect(decision).toEqual({
      delivered: [],
      withheld: [{ name: 'NPM_TOKEN', why: 'jobs of the zone untrusted get no secrets' }],
    });
  });

  it('gives other zones what they name, without regard to case, and says why not the rest', () => {
    const controls = { zone: 'release', secrets: { allow: ['SIGNING_KEY'] } } as const;
    expect(withheldSecrets(['signing_key', 'OTHER', 'Signing_Key', '../x'], controls)).toEqual({
      delivered: ['signing_key'],
      withheld: [
        { name: 'OTHER', why: 'the zone release does not name it' },
        { name: '../x', why: 'it is not the name of a secret' },
      ],
    });
  });

  it('delivers nothing that the controls do not name, and loses no request', () => {
    const names = fc.array(fc.oneof(fc.string(), fc.constantFrom('A', 'b', 'C_1')));
    fc.assert(
      fc.property(names, names, fc.constantFrom(...ZONES), (requested, allow, zone) => {
        const { delivered, withheld } = withheldSecrets(requested, { zone, secrets: { allow } });
        const upper = allow.map((name) => name.toUpperCase());
        expect(delivered.every((name) => upper.includes(name.toUpperCase()))).toBe(true);
        expect(zone === 'untrusted' ? delivered : []).toEqual([]);
        const answered = [...delivered, ...withheld.map(({ name }) => name)].map((name) =>
          name.toUpperCase(),
        );
        expect(new Set(answered)).toEqual(new Set(requested.map((name) => name.toUpperCase())));
      }),
    );
  });
});
