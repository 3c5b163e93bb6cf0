import { existsSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { RecordEvent } from '../../audit/index.ts';
import { err, refusal, ulid } from '../../base/index.ts';
import { startGateway } from '../../egress/index.ts';
import { openSandbox } from '../../sandbox/index.ts';
import { defaultControls } from '../../zone/index.ts';
import { type Cell, type CellMakers, openCell } from './open-cell.ts';
import { sandboxFolder } from './sandbox-folder.ts';

const REAL: CellMakers = { startGateway, openSandbox };

let cell: Cell | undefined;
afterEach(async () => {
  await cell?.close();
  cell = undefined;
});

async function open(makers: CellMakers, observe = false) {
  const runId = ulid(Date.now(), randomBytes(10));
  const events: RecordEvent[] = [];
  const scratch = sandboxFolder(runId, 'cell');
  const opened = await openCell(
    {
      runId,
      jobId: 'cell',
      controls: {
        ...defaultControls('untrusted', { memoryBytes: 500_000_000, cpus: 1 }),
        egress: { allow: [], allowRanges: [], ...(observe && { observe }) },
        // Held wherever they can be.
        unenforcedLimitsAccepted: ['memoryBytes', 'cpus', 'pids'],
      },
      root: { kind: 'host' },
      workspace: { path: '/home/runner/work' },
      readPaths: [],
      writePaths: [],
      files: [],
      temporary: [],
      hostname: 'sandbox',
      allow: [],
      resolver: { kind: 'static', addresses: {} },
      scratch,
      journal: { write: async (event) => void events.push(event) },
    },
    makers,
  );
  if (opened.ok) cell = opened.value;
  const heard = events.flatMap((event) =>
    event.type === 'policy.armed' && event.control === 'gateway' ? [event.receipt] : [],
  );
  return { opened, heard, scratch };
}

describe('a cell', () => {
  test('opens when the gateway heard what the probe asked inside', async () => {
    const { opened, heard, scratch } = await open(REAL);
    if (!opened.ok) throw new Error(opened.error.why);
    expect(heard).toMatchObject([{ probeHeard: true }]);
    expect((await opened.value.close()).leftBehind).toEqual([]);
    expect(existsSync(scratch)).toBe(false);
  });

  test('is refused for an untrusted job whose network would only be observed, before anything is started', async () => {
    const never = (): never => {
      throw new Error('it was started');
    };
    const { opened } = await open({ startGateway: never, openSandbox: never }, true);
    expect(opened).toMatchObject({
      ok: false,
      error: { kind: 'policy', rule: 'egress/observe', fix: expect.stringContaining('policy learn') },
    });
  });

  test('is refused when it heard only something else, and leaves nothing', async () => {
    const deaf: CellMakers['startGateway'] = (request) => {
      const starting = startGateway(request);
      const armed = starting.armed.then((gateway) =>
        gateway.ok
          ? {
              ...gateway,
              value: { ...gateway.value, heard: () => gateway.value.heard('other.probe.invalid') },
            }
          : gateway,
      );
      return { ...starting, armed };
    };
    const { opened, heard, scratch } = await open({ ...REAL, startGateway: deaf });
    expect(opened).toMatchObject({ ok: false, error: { rule: 'gateway/probe-not-heard' } });
    expect(heard).toMatchObject([{ probeHeard: false }]);
    expect(existsSync(scratch)).toBe(false);
  });

  test('ends when its gateway does not say that it holds a narrower policy', async () => {
    const mute: CellMakers['startGateway'] = (request) => {
      const starting = startGateway(request);
      const armed = starting.armed.then((gateway) =>
        gateway.ok
          ? {
              ...gateway,
              value: { ...gateway.value, narrow: () => Promise.reject(new Error('it took too long')) },
            }
          : gateway,
      );
      return { ...starting, armed };
    };
    const { opened } = await open({ ...REAL, startGateway: mute });
    if (!opened.ok) throw new Error(opened.error.why);
    await opened.value.narrow({ allow: [], allowRanges: [] });
    expect(await opened.value.broken).toMatchObject({ rule: 'gateway/not-narrowed', kind: 'machine' });
  });

  test('is refused when its gateway cannot be armed, and no sandbox stays', async () => {
    const gone: CellMakers['startGateway'] = (request) => {
      const starting = startGateway(request);
      const armed = starting.armed.then(async (gateway) => {
        if (gateway.ok) await gateway.value.close();
        return err(refusal('machine', 'gateway/test', 'it was closed before it was used', 'nothing'));
      });
      return { ...starting, armed };
    };
    const { opened, scratch } = await open({ ...REAL, startGateway: gone });
    expect(opened).toMatchObject({ ok: false, error: { rule: 'gateway/test' } });
    expect(existsSync(scratch)).toBe(false);
  });
});
