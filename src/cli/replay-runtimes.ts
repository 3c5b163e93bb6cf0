import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import type { ReplayRuntime } from '../replay/index.ts';
import { chooseRuntime } from '../sandbox/index.ts';
import { ISOLATION_TIERS, type IsolationTier, RUNTIMES, type RuntimeName, TIER_OF } from '../zone/index.ts';
import { oneOf } from './options.ts';

/** The options that say with which walls attacks are replayed. */
export const REPLAY_RUNTIME_OPTIONS = {
  isolation: { type: 'string' },
  runtime: { type: 'string', multiple: true },
  'every-runtime': { type: 'boolean' },
} as const;

interface Asked {
  readonly isolation?: string;
  readonly runtime?: readonly string[];
  readonly 'every-runtime'?: boolean;
}

/**
 * The runtimes to replay with: the one that `exec` would take, those that are asked for, or each that this machine has. One
 * that is asked for and missing is refused; no other takes its place. MicroVMs are booted for minutes, so they are among
 * `--every-runtime` only when they are named besides.
 */
export function replayRuntimes(values: Asked, directory: string): Result<readonly ReplayRuntime[], Refusal> {
  const tier = oneOf('isolation', values.isolation, ISOLATION_TIERS);
  if (!tier.ok) return tier;
  const asked: ReplayRuntime[] = [];
  for (const text of values.runtime ?? []) {
    const one = askedRuntime(text, tier.value, directory);
    if (!one.ok) return one;
    asked.push(one.value);
  }
  const every = values['every-runtime'] === true;
  if (!every && asked.length > 0) return ok(asked);
  const all = every
    ? RUNTIMES.filter((name) => isHere(name) && TIER_OF[name] !== 'microvm').filter(
        (name) => tier.value === undefined || TIER_OF[name] === tier.value,
      )
    : [];
  const named = new Set(asked.map(({ name }) => name));
  const runtimes = [...all.filter((name) => !named.has(name)).map((name) => ({ name })), ...asked];
  if (runtimes.length > 0) return ok(runtimes);
  const usual = chooseRuntime({ floor: tier.value ?? 'hardened-container' });
  return usual.ok ? ok([{ name: usual.value.name }]) : usual;
}

/** `NAME`, which is installed, or `NAME=PROGRAM`, which need not be. */
function askedRuntime(
  text: string,
  tier: IsolationTier | undefined,
  directory: string,
): Result<ReplayRuntime, Refusal> {
  const [word = '', program] = text.split(/=(.*)/s);
  const name = oneOf('runtime', word, RUNTIMES);
  if (!name.ok) return name;
  if (name.value === undefined)
    return err(refusal('usage', 'cli/runtime', 'a runtime has a name', 'give one'));
  if (program === undefined) {
    const chosen = chooseRuntime({ floor: tier ?? TIER_OF[name.value], runtime: name.value });
    return chosen.ok ? ok({ name: name.value }) : chosen;
  }
  if (TIER_OF[name.value] === 'microvm') return err(onlyInstalled());
  const path = resolve(directory, program);
  if (isProgram(path)) return ok({ name: name.value, program: path });
  return err(
    refusal(
      'usage',
      'replay/no-program',
      `${path} is not a program`,
      'name the program of the runtime after =',
    ),
  );
}

/** A monitor is shown what is installed, and nothing else. */
function onlyInstalled(): Refusal {
  return refusal(
    'usage',
    'replay/only-installed',
    'the monitor of a microVM must be installed: its own sandbox shows nothing but /usr',
    'give --runtime qemu',
  );
}

function isHere(name: RuntimeName): boolean {
  return chooseRuntime({ floor: TIER_OF[name], runtime: name }).ok;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
