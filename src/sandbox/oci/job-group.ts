import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostFacts } from '../plan/host-facts.ts';
import { Cgroup } from './cgroup.ts';

/** The processes of one sandbox as a whole, seen from outside. */
export type JobGroup = Pick<Cgroup, 'limits' | 'limitSockets' | 'usage' | 'processes' | 'empty' | 'remove'>;

/**
 * A sandbox's control group; where there is none for it, its process 1 and all that comes from it. `initPid` is absent as long
 * as nothing was started.
 */
export function jobGroup(host: HostFacts, path: string, initPid?: number): JobGroup {
  return host.cgroup === 'none' ? new ProcessTree(initPid) : new Cgroup(host, path);
}

const MOST_PROCESSES = 65_536;

/** Every process of a namespace comes from its process 1, which also gets the orphans (pid_namespaces(7)). */
class ProcessTree implements JobGroup {
  readonly #init: number | undefined;
  readonly #namespace: string | undefined;

  constructor(init: number | undefined) {
    this.#init = init;
    this.#namespace = init === undefined ? undefined : namespaceOf(init);
  }

  limits(): Record<string, never> {
    return {};
  }

  limitSockets(): void {
    // There is nothing to count with.
  }

  usage(): Record<string, never> {
    return {};
  }

  /** Also of a process 1 that has ended and was not yet waited for there is nothing: the kernel has ended all with it. */
  processes(): readonly number[] {
    // Its number may be another's by now.
    if (this.#init === undefined || this.#namespace === undefined) return [];
    if (namespaceOf(this.#init) !== this.#namespace) return [];
    const found = [this.#init];
    for (let at = 0; at < found.length && found.length < MOST_PROCESSES; at += 1)
      found.push(...childrenOf(found[at] ?? 0));
    return found;
  }

  async empty(withinMs: number): Promise<boolean> {
    for (const until = Date.now() + withinMs; Date.now() < until; await sleep(1))
      if (this.processes().length === 0) return true;
    return this.processes().length === 0;
  }

  remove(): readonly string[] {
    return [];
  }
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

/** By the thread that started them; of a process 1 with two threads, both. */
function childrenOf(pid: number): readonly number[] {
  return threadsOf(pid).flatMap((thread) => {
    try {
      return readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').match(/\d+/g)?.map(Number) ?? [];
    } catch {
      return [];
    }
  });
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}
