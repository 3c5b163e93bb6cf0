import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import { compareTiers, type IsolationTier, RUNTIMES, type RuntimeName, TIER_OF } from '../config/index.ts';

import { readRootless } from './plan/rootless.ts';

/** A runtime of this machine. */
export interface ChosenRuntime {
  readonly name: RuntimeName;
  /** Its program, an absolute path. */
  readonly program: string;
}

/** One that starts containers, and no machine. */
export type ContainerRuntime = ChosenRuntime & { readonly name: Exclude<RuntimeName, 'qemu'> };

export function isContainerRuntime(runtime: ChosenRuntime): runtime is ContainerRuntime {
  return TIER_OF[runtime.name] !== 'microvm';
}

const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const INSTALL: Readonly<Record<RuntimeName, string>> = {
  runc: 'apt-get install runc',
  crun: 'apt-get install crun',
  runsc: 'install gVisor’s runsc in /usr/local/bin (gvisor.dev/docs/user_guide/install)',
  qemu: 'apt-get install --no-install-recommends qemu-system-x86',
};
/** Where a program is not named as its runtime is. A machine is of the same kind as its host: its programs are the host's. */
const PROGRAM: Readonly<Partial<Record<RuntimeName, string>>> = { qemu: 'qemu-system-x86_64' };

/**
 * Settles which runtime a job gets: the one that was asked for, or the first of the least tier that the zone accepts. A
 * stronger or a weaker one is never taken in place of the one that is missing.
 */
export function chooseRuntime(
  asked: { readonly floor: IsolationTier; readonly runtime?: RuntimeName },
  find: (name: string) => string | undefined = findProgram,
  ids = readRootless()?.ids,
): Result<ChosenRuntime, Refusal> {
  if (asked.runtime !== undefined && compareTiers(TIER_OF[asked.runtime], asked.floor) < 0) {
    return err(
      refusal(
        'policy',
        'isolation/floor',
        `the zone asks for ${asked.floor}, and ${asked.runtime} is only a ${TIER_OF[asked.runtime]}`,
        `name another runtime: ${RUNTIMES.filter((name) => compareTiers(TIER_OF[name], asked.floor) >= 0).join(', ')}`,
      ),
    );
  }
  const names =
    asked.runtime === undefined ? RUNTIMES.filter((name) => TIER_OF[name] === asked.floor) : [asked.runtime];
  const without = names.filter((name) => ids !== 'one' || WITHOUT_ROOT[name]);
  for (const name of without) {
    const program = find(PROGRAM[name] ?? name);
    if (program !== undefined) return ok({ name, program });
  }
  const rootful = names.find((name) => !without.includes(name) && find(PROGRAM[name] ?? name) !== undefined);
  if (rootful !== undefined) return err(needsRange(rootful));
  return err(
    refusal(
      'machine',
      asked.runtime === undefined ? 'isolation/tier-absent' : 'sandbox/no-runtime',
      names.length === 0
        ? `${asked.floor} is asked for, and no runtime of this version is one`
        : `${asked.floor} is asked for, and this machine has no ${names.join(' and no ')}`,
      names.map((name) => INSTALL[name]).join(', or ') || 'ask for another tier',
    ),
  );
}

/** Where a program lies that is named without its folder; as it is when it has one. */
export function programPath(name: string): string | undefined {
  return name.includes('/') ? name : findProgram(name);
}

/** Whether it makes a sandbox in which there is no root at all: all that a user with a single id can have. */
const WITHOUT_ROOT: Readonly<Record<RuntimeName, boolean>> = {
  runc: false,
  crun: true,
  runsc: false,
  qemu: false,
};

function needsRange(name: RuntimeName): Refusal {
  return refusal(
    'machine',
    'sandbox/one-id',
    `${name} needs an id for root of the sandbox, and you have no ids beside your own`,
    `${INSTALL.crun}; or get a range: apt-get install uidmap, and as root usermod --add-subuids 100000-165535 --add-subgids 100000-165535 with your name`,
  );
}

/** Where a program of the distribution's lies. */
export function findProgram(name: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
