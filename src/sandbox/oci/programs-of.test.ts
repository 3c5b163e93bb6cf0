import { expect, test } from 'vitest';
import type { ProbeCheck, SandboxReceipt } from '../contract.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { ProgramStarts } from '../telemetry/program-starts.ts';
import { programsOf } from './programs-of.ts';

const FLOW = { localPort: 1, remotePort: 443, remoteAddress: '198.18.0.1' };
const landlock = (seen: string): ProbeCheck => ({ id: 'landlock', kind: 'state', held: true, seen });

async function whyNot(
  receipt: Partial<SandboxReceipt>,
  programs: ProgramStarts | undefined,
): Promise<string | undefined> {
  const found = await programsOf({
    receipt: {
      runtime: { name: 'runc', version: '1', tier: 'hardened-container' },
      checks: [],
      ...receipt,
    } as SandboxReceipt,
    initPid: process.pid,
    group: { processes: () => [] } as never,
    environment: {},
    telemetry:
      programs === undefined ? undefined : ({ programs, observed: () => Promise.resolve() } as Telemetry),
  }).find(FLOW, []);
  return found.known ? undefined : found.why;
}

function asked(): ProgramStarts {
  const starts = new ProgramStarts();
  starts.asked('tcp', FLOW.localPort, process.pid);
  return starts;
}

test('no program is known where the runtime shows no process to this kernel, and it is said by name', async () => {
  const runtime = { name: 'runsc', version: '1', tier: 'sandboxed-kernel' } as const;
  expect(await whyNot({ runtime }, undefined)).toBe('runsc does not tell which program made it');
});

test('no program is known without Landlock, with a profile, or after the memory of another was opened', async () => {
  expect(await whyNot({}, asked())).toContain('without Landlock');
  expect(await whyNot({ checks: [landlock('absent: this kernel has none')] }, asked())).toContain(
    'without Landlock',
  );
  const checks = [landlock('ABI 7')];
  expect(await whyNot({ checks, profile: { name: 'debugger', price: '' } }, asked())).toContain(
    'profile debugger',
  );
  const opened = asked();
  opened.memoryOpened = true;
  expect(await whyNot({ checks }, opened)).toContain('the memory of another');
  // Else it is looked for, and here has no connection.
  expect(await whyNot({ checks }, asked())).toBe('its process has closed it');
  expect(await whyNot({ checks }, new ProgramStarts())).toBe('no process was seen to ask for it');
});
