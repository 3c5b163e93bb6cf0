import { randomBytes } from 'node:crypto';
import { availableParallelism, totalmem } from 'node:os';
import { ulid } from '../base/index.ts';
import { chooseRuntime, type Sandbox } from '../sandbox/index.ts';
import { type Controls, defaultControls, PROFILES, RUNTIMES, TIER_OF } from '../zone/index.ts';
import { SECOND_WALLS } from '../config/index.ts';
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
 * Tells what this machine can enforce by doing it: for each runtime that it has, arms a gateway and a sandbox as for a job,
 * reads both receipts, and takes everything away again. Never by looking whether a file is there. The first line is about
 * what jobs get by default.
 */
export async function diagnose(): Promise<readonly Diagnosis[]> {
  const first = await tried({ floor: 'hardened-container' }, 'hardened-container');
  const [standard] = first;
  const others: Diagnosis[] = [];
  for (const runtime of RUNTIMES) {
    const name = `${TIER_OF[runtime]} (${runtime})`;
    if (standard?.held === true && standard.seen.startsWith(`${runtime} `)) continue;
    const [one] = await tried({ floor: TIER_OF[runtime], runtime }, name);
    if (one !== undefined) others.push(one);
  }
  for (const profile of standard?.held === true ? PROFILES : []) {
    const [one] = await tried({ floor: 'hardened-container', profile }, `profile ${profile}`);
    if (one !== undefined) others.push(one);
  }
  const virtual = chooseRuntime({ floor: 'microvm' });
  if (!virtual.ok) others.push({ name: 'microvm', held: false, seen: virtual.error.why });
  return [...first, ...others];
}

async function tried(isolation: Controls['isolation'], name: string): Promise<readonly Diagnosis[]> {
  const runId = ulid(Date.now(), randomBytes(10));
  const controls = {
    ...defaultControls('untrusted', { memoryBytes: totalmem(), cpus: availableParallelism() }),
    isolation,
  };
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
  if (opened === undefined) return [{ name, held: false, seen: `nothing within ${WITHIN_MS / 1_000} s` }];
  if (!opened.ok) {
    const { why, fix: told } = opened.error;
    const fix = told.includes('cofferdam doctor') ? NOT_KNOWN : told;
    return [{ name, held: false, seen: why, fix }];
  }
  const { receipt } = opened.value.sandbox;
  const destroyed = await opened.value.close();
  const gateway = receipts[0] as { readonly armedMs?: number } | undefined;
  return [
    {
      name,
      held: true,
      seen: `${receipt.runtime.name} ${receipt.runtime.version}, ${receipt.checks.length} checks held in ${receipt.probeMs.toFixed(1)} ms`,
    },
    {
      name: 'gateway',
      held: true,
      seen: `armed in ${(gateway?.armedMs ?? 0).toFixed(0)} ms, and heard the probe`,
    },
    ...receipt.checks
      .filter(({ id }) => SECOND_WALLS.some((wall) => wall === id))
      .map(({ id, seen }) => ({ name: id, held: !seen.startsWith('absent'), seen })),
    flawsOf(receipt),
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
  ];
}

/** Published flaws of the runtime, and what became of each; the first line says whether one is open. */
function flawsOf({ runtime, knownFlaws }: Sandbox['receipt']): Diagnosis {
  const { reviewed, flaws } = knownFlaws;
  const of = knownFlaws.package ?? `${runtime.name} ${runtime.version}`;
  const states = [...new Set(flaws.map(({ state }) => state))].map((state) => {
    const names = flaws.filter((one) => one.state === state).map(({ cve }) => cve);
    return `${state}: ${names.join(', ')}`;
  });
  const open = flaws.find(({ state }) => state === 'open' || state === 'unknown');
  return {
    name: `known flaws (${runtime.name})`,
    held: open === undefined,
    seen: `${of}, by the table of ${reviewed}: ${states.join('; ') || 'none'}`,
    ...(open !== undefined && { fix: `${open.why}; update ${runtime.name}` }),
  };
}
