import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { ulid } from '../base/index.ts';
import {
  forgetKvm,
  readRootless,
  type RootlessReceipt,
  type Sandbox,
  type SandboxReceipt,
  secondWallFix,
} from '../sandbox/index.ts';
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

const WITHIN_MS = 120_000;
/** A machine is booted, translated where there is no KVM; it gives up by itself before this. */
const BOOT_WITHIN_MS = 240_000;
const NOT_KNOWN =
  'none is known: please report this line with what machine it is (uname -a, /etc/os-release)';

/**
 * Tells what this machine can enforce by doing it: for each runtime that it has, arms a gateway and a sandbox as for a job,
 * reads both receipts, and takes everything away again. Never by looking whether a file is there. The first line is about
 * what jobs get by default.
 */
export async function diagnose(): Promise<readonly Diagnosis[]> {
  const found = await tried({ floor: 'hardened-container' }, 'hardened-container');
  const lacking = found.lacksLimits === true;
  const name = 'without these limits';
  const first = lacking
    ? [...found.lines, ...(await tried({ floor: 'hardened-container' }, name, true)).lines]
    : found.lines;
  const standard = first.find(({ held }) => held);
  const others: Diagnosis[] = [];
  // Whatever was found before is found anew.
  await forgetKvm();
  for (const runtime of RUNTIMES) {
    const name = `${TIER_OF[runtime]} (${runtime})`;
    if (standard?.seen.startsWith(`${runtime} `)) continue;
    const [one] = (await tried({ floor: TIER_OF[runtime], runtime }, name, lacking)).lines;
    if (one !== undefined) others.push(one);
  }
  for (const profile of standard === undefined ? [] : PROFILES) {
    const asked = { floor: 'hardened-container', profile } as const;
    const [one] = (await tried(asked, `profile ${profile}`, lacking)).lines;
    if (one !== undefined) others.push(one);
  }
  return [...first, ...others];
}

interface Tried {
  readonly lines: readonly Diagnosis[];
  /** Refused for nothing but limits, which an operator can do without. */
  readonly lacksLimits?: boolean;
}

async function tried(isolation: Controls['isolation'], name: string, withoutLimits = false): Promise<Tried> {
  const runId = ulid(Date.now(), randomBytes(10));
  const controls = {
    ...defaultControls('untrusted', { memoryBytes: totalmem(), cpus: availableParallelism() }),
    isolation,
    unenforcedLimitsAccepted: withoutLimits ? UNENFORCEABLE : [],
  };
  // What shows an ordinary user's own files takes more than an empty folder does.
  const source = readRootless() === undefined ? undefined : mkdtempSync(join(tmpdir(), 'cofferdam-doctor-'));
  const receipts: unknown[] = [];
  const began = performance.now();
  const opening = openCell({
    runId,
    jobId: 'doctor',
    controls,
    root: { kind: 'host' },
    workspace: { path: '/home/runner/work', ...(source !== undefined && { source }) },
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
  const withinMs = isolation.floor === 'microvm' ? BOOT_WITHIN_MS : WITHIN_MS;
  const late = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), withinMs).unref();
  });
  const opened = await Promise.race([opening, late]);
  if (source !== undefined) rmSync(source, { recursive: true, force: true });
  if (opened === undefined)
    return { lines: [{ name, held: false, seen: `nothing within ${withinMs / 1_000} s` }] };
  if (!opened.ok) {
    const { why, fix: told } = opened.error;
    const fix = told.includes('cofferdam doctor') ? NOT_KNOWN : told;
    const lacksLimits = opened.error.rule === 'sandbox/limit-unenforceable';
    return { lines: [{ name, held: false, seen: why, fix }], lacksLimits };
  }
  const { receipt } = opened.value.sandbox;
  const up =
    receipt.machine === undefined
      ? ''
      : `, up in ${((performance.now() - began) / 1_000).toFixed(1)} s${receipt.machine.bootedAgain === undefined ? '' : ' at the second boot'}`;
  const destroyed = await opened.value.close();
  const gateway = receipts[0] as { readonly armedMs?: number } | undefined;
  const lines: readonly Diagnosis[] = [
    {
      name,
      held: true,
      seen: `${runtimeOf(receipt)}${up}, ${receipt.checks.length} checks held in ${receipt.probeMs.toFixed(1)} ms`,
    },
    {
      name: 'gateway',
      held: true,
      seen: `armed in ${(gateway?.armedMs ?? 0).toFixed(0)} ms, and heard the probe`,
    },
    ...receipt.checks
      .filter(({ id }) => SECOND_WALLS.some((wall) => wall === id))
      .map(({ id, seen }) => ({ name: id, held: !seen.startsWith('absent'), seen, ...fixOf(id, seen) })),
    flawsOf(receipt),
    ...Object.entries(receipt.limits).map(([limit, value]) => ({
      name: `limit ${limit}`,
      held: true,
      seen: `${value}${lessThanAll(receipt, limit)}`,
    })),
    ...receipt.limitsUnenforced.map((limit) => ({
      name: `limit ${limit}`,
      held: false,
      seen: `not enforced${instead(receipt, limit)}`,
    })),
    ...(receipt.rootless === undefined ? [] : [ordinaryUser(receipt.rootless)]),
    {
      name: 'nothing left behind',
      held: destroyed.leftBehind.length === 0,
      seen: destroyed.leftBehind.join(' ') || 'nothing',
    },
  ];
  return { lines };
}

/** Those of control groups: all that a machine can lack. */
const UNENFORCEABLE = ['memoryBytes', 'cpus', 'pids'] as const;

function lessThanAll({ uncounted = [] }: SandboxReceipt, limit: string): string {
  const beyond = uncounted.filter((one) => one.limit === limit);
  return beyond.map(({ what, why }) => `; ${what} is not counted: ${why}`).join('');
}

function fixOf(wall: string, seen: string): { readonly fix?: string } {
  const fix = secondWallFix(wall, seen);
  return fix === undefined ? {} : { fix: `once, as root: ${fix}` };
}

function instead(receipt: SandboxReceipt, limit: string): string {
  const weaker = receipt.weakerLimits?.find((one) => one.limit === limit);
  return weaker === undefined ? '' : `; instead ${weaker.by} ${weaker.value}, which holds less`;
}

/** Of a job on the user's own folder; any other has an id of its own where there is a range. */
function ordinaryUser({ groupsKept }: RootlessReceipt): Diagnosis {
  const ranged = readRootless()?.ids === 'range';
  return {
    name: 'ids of your own',
    held: ranged,
    seen: ranged
      ? 'a range; jobs of run have one of it each, exec has yours'
      : `only yours, which every job has too${groupsKept > 0 ? `, with ${groupsKept} of your groups` : ''}`,
    ...(!ranged && {
      fix: 'apt-get install uidmap, and as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535, with your name',
    }),
  };
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

function runtimeOf({ runtime, machine }: Sandbox['receipt']): string {
  const name = `${runtime.name} ${runtime.version}`;
  if (machine === undefined) return name;
  const how = machine.acceleration === 'kvm' ? 'by KVM' : `translated, without KVM (${machine.notKvm ?? ''})`;
  return `${name}, Linux ${machine.kernel} ${how}`;
}
