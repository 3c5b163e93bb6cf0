import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareTiers, ISOLATION_TIERS, RUNTIMES } from '../config/index.ts';
import { defaultControls } from './defaults.ts';
import { withIsolation } from './isolation.ts';

const tier = fc.constantFrom(...ISOLATION_TIERS);

describe('the walls that are asked for', () => {
  test('are never weaker than those of the zone', () => {
    fc.assert(
      fc.property(tier, fc.option(tier), fc.option(fc.constantFrom(...RUNTIMES)), (floor, asked, runtime) => {
        const controls = {
          ...defaultControls('untrusted', { memoryBytes: 1e9, cpus: 1 }),
          isolation: { floor },
        };
        const settled = withIsolation(controls, {
          ...(asked !== null && { tier: asked }),
          ...(runtime !== null && { runtime }),
        });
        expect(compareTiers(settled.isolation.floor, floor)).toBeGreaterThanOrEqual(0);
        if (asked !== null) expect(compareTiers(settled.isolation.floor, asked)).toBeGreaterThanOrEqual(0);
        expect({ ...settled, isolation: controls.isolation }).toEqual(controls);
      }),
    );
  });
});
