import type { ZoneId } from '../config/index.ts';
import type { Controls } from './controls.ts';

/** What the defaults must know of the machine. */
export interface MachineSize {
  readonly memoryBytes: number;
  readonly cpus: number;
}

const MB = 1_000_000;
const MINUTE = 60_000;

/**
 * What a zone grants without any configuration. Each is the least with which ordinary work still runs: package registries
 * can be read, because an install must; nothing else can be reached, and no secret, token right or publication is given
 * to code that nobody vouches for (guide §0, §3, §4). Memory and processors follow the machine, so that one job can
 * never take all of it.
 */
export function defaultControls(zone: ZoneId, machine: MachineSize): Controls {
  const trusted = zone !== 'untrusted';
  return {
    zone,
    isolation: { floor: 'hardened-container' },
    secondWalls: [],
    egress: { allow: ['@npm', '@pypi', '@go', '@cargo', '@maven'], allowRanges: [] },
    secrets: { allow: [] },
    tokenPermissions: { contents: 'read' },
    publication: { artifacts: trusted, packages: false, deploy: false },
    caches: {
      read: zone === 'internal' ? ['internal', 'release'] : [zone],
      write: zone === 'internal',
    },
    limits: {
      memoryBytes: Math.floor(Math.min(4_000 * MB, machine.memoryBytes / 2)),
      cpus: Math.max(1, machine.cpus),
      pids: 512,
      // Held in memory: what a job writes counts against the machine's.
      workspaceBytes: Math.floor(Math.min(4_000 * MB, machine.memoryBytes / 4)),
      workspaceInodes: 500_000,
      tmpBytes: Math.floor(Math.min(1_000 * MB, machine.memoryBytes / 8)),
      tmpInodes: 100_000,
      openFiles: 4_096,
      stepTimeoutMs: 360 * MINUTE,
      jobTimeoutMs: 360 * MINUTE,
      logBytes: 64 * MB,
      artifactBytes: 1_000 * MB,
    },
    unenforcedLimitsAccepted: [],
    approvals: { required: zone === 'release' ? 1 : 0 },
  };
}
