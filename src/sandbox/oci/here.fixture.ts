import type { LimitName } from '../../zone/index.ts';
import { readHostFacts } from '../plan/host-facts.ts';
import { prepareParent } from './cgroup-parent.ts';

const host = prepareParent(readHostFacts());

/** Where sandboxes of the tests lie; an ordinary user's in the folder that its namespace has for them. */
export const SANDBOXES = host.rootless?.folder ?? '/run';

/** The ids that an ordinary user has; undefined for root. */
export const IDS = host.rootless?.ids;

const CONTROLLED = { memory: 'memoryBytes', cpu: 'cpus', pids: 'pids' } as const;

/** What an ordinary user cannot limit here, and so accepts; root of any machine that runs the suites can limit all. */
export const LACKING: readonly LimitName[] =
  host.rootless === undefined
    ? []
    : (['memory', 'cpu', 'pids'] as const)
        .filter((controller) => !host.controllers.includes(controller))
        .map((controller) => CONTROLLED[controller]);
