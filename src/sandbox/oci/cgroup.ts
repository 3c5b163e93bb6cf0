import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LimitName } from '../../zone/index.ts';
import { type HostFacts, SOCKETS } from '../plan/host-facts.ts';

const ROOT = '/sys/fs/cgroup';
const PERIOD_US = 100_000;
/** Those of the first hierarchy that a runtime would have made. */
const OWN = ['cpu', 'cpuacct', 'memory', 'pids'] as const;

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,19}$/.test(text) ? Number(text) : undefined;
}

function field(text: string | undefined, name: string): number | undefined {
  const line = text?.split('\n').find((row) => row.startsWith(`${name} `));
  return number(line?.slice(name.length + 1));
}

/** A sandbox's control groups, read and removed from outside. `path` is the one that the runtime was given. */
export class Cgroup {
  readonly #host: HostFacts;
  readonly #path: string;
  constructor(host: HostFacts, path: string) {
    this.#host = host;
    this.#path = path;
  }

  #file(controller: string, name: string): string {
    return this.#host.cgroup === 'v2'
      ? join(ROOT, this.#path, name)
      : join(ROOT, controller, this.#path, name);
  }

  /**
   * Makes it and sets its limits, for a runtime that does not. Throws when the kernel takes one of them not. Gives the files
   * into which a process writes its own id to enter it.
   */
  create(limits: Readonly<Partial<Record<'memoryBytes' | 'cpus' | 'pids', number>>>): readonly string[] {
    const v2 = this.#host.cgroup === 'v2';
    const quota =
      limits.cpus === undefined ? undefined : Math.max(1_000, Math.round(limits.cpus * PERIOD_US));
    // Of the second hierarchy, `prepareParent` has handed the controllers on.
    for (const folder of v2 ? [ROOT] : OWN.map((name) => join(ROOT, name)))
      mkdirSync(join(folder, this.#path), { recursive: true });
    const set = (controller: string, file: string, value: string): void =>
      writeFileSync(this.#file(controller, file), value);
    const { memoryBytes: memory } = limits;
    if (memory !== undefined) set('memory', v2 ? 'memory.max' : 'memory.limit_in_bytes', String(memory));
    if (memory !== undefined && this.#host.swapLimit)
      set('memory', v2 ? 'memory.swap.max' : 'memory.memsw.limit_in_bytes', v2 ? '0' : String(memory));
    if (memory !== undefined && !v2 && !this.#host.swapLimit) set('memory', 'memory.swappiness', '0');
    if (memory !== undefined) this.limitSockets(memory);
    if (limits.pids !== undefined) set('pids', 'pids.max', String(limits.pids));
    if (quota !== undefined && v2) set('cpu', 'cpu.max', `${quota} ${PERIOD_US}`);
    if (quota !== undefined && !v2) {
      set('cpu', 'cpu.cfs_period_us', String(PERIOD_US));
      set('cpu', 'cpu.cfs_quota_us', String(quota));
    }
    return v2
      ? [join(ROOT, this.#path, 'cgroup.procs')]
      : OWN.map((name) => join(ROOT, name, this.#path, 'cgroup.procs'));
  }

  /** Sets processor time anew; what is running stays. Throws when the kernel does not take it. */
  holdCpus(cpus: number): void {
    const quota = Math.max(1_000, Math.round(cpus * PERIOD_US));
    if (this.#host.cgroup === 'v2') writeFileSync(this.#file('cpu', 'cpu.max'), `${quota} ${PERIOD_US}`);
    else writeFileSync(this.#file('cpu', 'cpu.cfs_quota_us'), String(quota));
  }

  /**
   * Has what sockets hold counted, where the kernel does so only when it is told to (the first hierarchy; runtimes do not tell
   * it). Whether it is held is seen when the limits are read back.
   */
  limitSockets(memoryBytes: number): void {
    if (this.#host.countsSockets !== true) return;
    // A quarter besides, since it is counted apart from the rest.
    try {
      writeFileSync(this.#file('memory', SOCKETS), String(Math.floor(memoryBytes / 4)));
    } catch {
      // Then it is not held.
    }
  }

  /** The limits as the kernel holds them; what cannot be read back is absent, and so not held. */
  limits(): Readonly<Partial<Record<LimitName, number>>> {
    const v2 = this.#host.cgroup === 'v2';
    const memory = number(read(this.#file('memory', v2 ? 'memory.max' : 'memory.limit_in_bytes')));
    const pids = number(read(this.#file('pids', 'pids.max')));
    const [quota, period] = v2
      ? (read(this.#file('cpu', 'cpu.max')) ?? '').split(' ')
      : [read(this.#file('cpu', 'cpu.cfs_quota_us')), read(this.#file('cpu', 'cpu.cfs_period_us'))];
    const cpus = number(quota) === undefined || !number(period) ? undefined : Number(quota) / Number(period);
    return {
      ...(memory !== undefined &&
        this.#swapHeld(memory) &&
        this.#socketsHeld(memory) && { memoryBytes: memory }),
      ...(pids !== undefined && { pids }),
      ...(cpus !== undefined && { cpus }),
    };
  }

  /** Nor is it one when what sockets hold is not counted: in the first hierarchy it is, when it has a limit of its own. */
  #socketsHeld(memory: number): boolean {
    if (this.#host.countsSockets !== true) return true;
    return (number(read(this.#file('memory', SOCKETS))) ?? Number.POSITIVE_INFINITY) <= memory;
  }

  /** A limit of memory is none when what exceeds it can be swapped out. */
  #swapHeld(memory: number): boolean {
    if (this.#host.cgroup === 'v2')
      return this.#host.swapLimit ? read(this.#file('memory', 'memory.swap.max')) === '0' : !this.#host.swaps;
    if (!this.#host.swapLimit) return read(this.#file('memory', 'memory.swappiness')) === '0';
    return number(read(this.#file('memory', 'memory.memsw.limit_in_bytes'))) === memory;
  }

  usage(): {
    readonly cpuMs?: number;
    readonly memoryPeakBytes?: number;
    readonly oomKills?: number;
    readonly pidsRefused?: number;
    readonly pidsPeak?: number;
  } {
    const v2 = this.#host.cgroup === 'v2';
    const cpu = v2
      ? field(read(this.#file('cpu', 'cpu.stat')), 'usage_usec')
      : number(read(this.#file('cpuacct', 'cpuacct.usage')));
    const peak = number(read(this.#file('memory', v2 ? 'memory.peak' : 'memory.max_usage_in_bytes')));
    const kills = field(read(this.#file('memory', v2 ? 'memory.events' : 'memory.oom_control')), 'oom_kill');
    const refused = field(read(this.#file('pids', 'pids.events')), 'max');
    const pids = number(read(this.#file('pids', 'pids.peak')));
    return {
      ...(cpu !== undefined && { cpuMs: cpu / (v2 ? 1_000 : 1_000_000) }),
      ...(peak !== undefined && { memoryPeakBytes: peak }),
      ...(kills !== undefined && { oomKills: kills }),
      ...(refused !== undefined && { pidsRefused: refused }),
      ...(pids !== undefined && { pidsPeak: pids }),
    };
  }

  /**
   * How many periods of its quota of processor time the kernel has begun, in which something of it ran; none without a quota.
   * What it gives in each is the quota, however busy the machine is.
   */
  quotaPeriods(): number | undefined {
    return field(read(this.#file('cpu', 'cpu.stat')), 'nr_periods');
  }

  /** The file with the host ids of the processes in it. */
  get members(): string {
    return this.#file('pids', 'cgroup.procs');
  }

  /** Host ids of the processes in it. */
  processes(): readonly number[] {
    const text = read(this.members);
    return text === undefined || text === '' ? [] : text.split('\n').map(Number);
  }

  async empty(withinMs: number): Promise<boolean> {
    for (const until = Date.now() + withinMs; Date.now() < until; await sleep(1)) {
      if (this.processes().length === 0) return true;
    }
    return this.processes().length === 0;
  }

  /** Removes it from every hierarchy; gives what could not be removed. */
  remove(): readonly string[] {
    const controllers =
      this.#host.cgroup === 'v2'
        ? ['']
        : [
            'blkio',
            'cpu',
            'cpuacct',
            'cpuset',
            'devices',
            'freezer',
            'memory',
            'pids',
            'systemd',
            'unified',
            'net_cls',
            'net_prio',
            'perf_event',
            'hugetlb',
            'rdma',
            'misc',
          ];
    const left: string[] = [];
    for (const controller of controllers) {
      const path = join(ROOT, controller, this.#path);
      if (!existsSync(path)) continue;
      try {
        rmdirSync(path);
      } catch {
        left.push(path);
      }
    }
    return left;
  }
}
