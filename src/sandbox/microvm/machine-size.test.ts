import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultControls } from '../../zone/index.ts';
import { guestMemory, guestProcessors, machineControls } from './machine-size.ts';

const size = fc.integer({ min: 64 * 2 ** 20, max: 64 * 2 ** 30 });

describe('the size of a machine', () => {
  test('holds the job’s memory with room for its kernel, and outside the guest, the workspace and the monitor', () => {
    fc.assert(
      fc.property(size, size, fc.double({ min: 0.1, max: 64, noNaN: true }), (memory, workspace, cpus) => {
        const controls = defaultControls('untrusted', { memoryBytes: 8_000_000_000, cpus: 4 });
        const limits = { ...controls.limits, memoryBytes: memory, workspaceBytes: workspace, cpus };
        const guest = guestMemory(limits);
        expect(guest).toBeGreaterThan(memory + 100 * 2 ** 20);
        expect(guest).toBeLessThan(memory * 1.04 + 200 * 2 ** 20);
        expect(guest % 2 ** 20).toBe(0);
        const around = machineControls({ ...controls, limits }, 4).limits;
        expect(around.memoryBytes).toBeGreaterThan(guest + workspace);
        expect(around.workspaceBytes).toBe(workspace);
        // A profile opens walls of the job's container, never of the monitor's.
        const asked = { ...controls, isolation: { ...controls.isolation, profile: 'privileged' as const } };
        expect(machineControls(asked, 4).isolation.profile).toBeUndefined();
        // It boots on all of them; what the job gets is set before it begins.
        expect(around.cpus).toBeGreaterThanOrEqual(4);
        expect(guestProcessors(limits, 4)).toBe(Math.min(4, Math.ceil(cpus)));
      }),
    );
  });
});
