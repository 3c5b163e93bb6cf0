import { randomBytes } from 'node:crypto';
import { availableParallelism, totalmem } from 'node:os';
import { ulid } from '../base/index.ts';
import { defaultControls } from '../zone/index.ts';
import { openCell } from './cell/open-cell.ts';
import { sandboxFolder } from './cell/sandbox-folder.ts';

export interface Diagnosis {
  readonly name: string;
  readonly held: boolean;
  readonly seen: string;
  readonly fix?: string;
}

const WITHIN_MS = 30_000;
const NOT_KNOWN =
  'none is known: please report this line with what machine it is (uname -a, /etc/os-release)';

/**
 * Tells what this machine can enforce by doing it: arms a gateway and a sandbox as for a job, reads both receipts, and
 * takes everything away again. Never by looking whether a file is there.
 */
export async function diagnose(): Promise<readonly Diagnosis[]> {
  const runId = ulid(Date.now(), randomBytes(10));
  const controls = defaultControls('untrusted', { memoryBytes: totalmem(), cpus: availableParallelism() });
  const receipts: unknown[] = [];
  const opening = openCell({
    runId,
    jobId: 'doctor',
    controls,
    root: { kind: 'host' },
    workspace: { path: '/home/runner/work' },
    readPaths: [],
    writePaths: [],
    files: [],
    temporary: [],
    hostname: 'sandbox',
    allow: [],
    resolver: { kind: 'static', addresses: {} },
    scratch: sandboxFolder(runId, 'doctor'),
    journal: {
      write: async (event) => {
        if (event.type === 'policy.armed') receipts.push(event.receipt);
      },
    },
  });
  const late = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), WITHIN_MS).unref();
  });
  const opened = await Promise.race([opening, late]);
  if (opened === undefined)
    return [{ name: 'hardened-container', held: false, seen: `nothing within ${WITHIN_MS / 1_000} s` }];
  if (!opened.ok) {
    const { why, fix: told } = opened.error;
    const fix = told.includes('cofferdam doctor') ? NOT_KNOWN : told;
    return [{ name: 'hardened-container', held: false, seen: why, fix }];
  }
  const { receipt } = opened.value.sandbox;
  const destroyed = await opened.value.close();
  const gateway = receipts[0] as { readonly armedMs?: number } | undefined;
  return [
    {
      name: 'hardened-container',
      held: true,
      seen: `${receipt.runtime.name} ${receipt.runtime.version}, ${receipt.checks.length} checks held in ${receipt.probeMs.toFixed(1)} ms`,
    },
    {
      name: 'gateway',
      held: true,
      seen: `armed in ${(gateway?.armedMs ?? 0).toFixed(0)} ms, and heard the probe`,
    },
    ...Object.entries(receipt.limits).map(([limit, value]) => ({
      name: `limit ${limit}`,
      held: true,
      seen: String(value),
    })),
    ...receipt.limitsUnenforced.map((limit) => ({
      name: `limit ${limit}`,
      held: false,
      seen: 'not enforced',
      fix: 'enable its cgroup controller',
    })),
    {
      name: 'nothing left behind',
      held: destroyed.leftBehind.length === 0,
      seen: destroyed.leftBehind.join(' ') || 'nothing',
    },
    { name: 'sandboxed-kernel', held: false, seen: 'no driver in this version' },
    { name: 'microvm', held: false, seen: 'no driver in this version' },
  ];
}
