import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { TIER_OF } from '../../config/index.ts';
import type { ContainerRuntime } from '../choose-runtime.ts';
import { IDS } from './here.fixture.ts';

const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'cofferdam');

/** Where each runtime lies when this machine has it; `npm run test:tiers` builds gVisor's into the cache. */
const PLACES: readonly ContainerRuntime[] = [
  { name: 'runc', program: '/usr/sbin/runc' },
  { name: 'runc', program: '/usr/bin/runc' },
  { name: 'crun', program: '/usr/bin/crun' },
  { name: 'runsc', program: '/usr/local/bin/runsc' },
  { name: 'runsc', program: join(CACHE, 'runsc/runsc') },
];

/** A suite of slow machines names those that it is for (`test/vm/boots.ts`): what is not here then has no test, which fails. */
const ASKED = process.env['COFFERDAM_TESTED_RUNTIMES']?.split(' ');
/** Without root inside, which takes an id of its own, only crun starts a sandbox. */
const POSSIBLE = PLACES.filter(
  ({ name }) => (IDS !== 'one' || name === 'crun') && (ASKED === undefined || ASKED.includes(name)),
);

/** One program for each runtime that can be tested here. */
export const RUNTIMES_HERE = [
  ...new Map(POSSIBLE.filter(({ program }) => existsSync(program)).map((one) => [one.name, one])).values(),
].map((runtime) => ({ ...runtime, runtime, ownKernel: TIER_OF[runtime.name] === 'sandboxed-kernel' }));
