import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 10;
/** A word of the command line of a throwaway machine, by which its control groups are named. */
const TOKEN = /^[0-9a-f]{12}$/;

/**
 * What a process made, as it is seen from outside while it runs: the names of its sandboxes and throwaway machines. What others
 * make at the same time on this machine is not among them.
 */
export class MadeByARun {
  readonly names = new Set<string>();
  readonly #pid: number;
  #ended = false;

  constructor(pid: number) {
    this.#pid = pid;
    void this.#watch();
  }

  /** Settles when something is running that it made, or when it has ended without. */
  async something(): Promise<void> {
    while (this.names.size === 0 && !this.#ended) await sleep(LOOK_EVERY_MS);
  }

  async #watch(): Promise<void> {
    const ours = new Set(groupsOf('self'));
    for (; !this.#ended; await sleep(LOOK_EVERY_MS)) {
      const family = descendants(this.#pid);
      this.#ended = family.length === 0;
      for (const pid of family) {
        for (const name of groupsOf(pid)) if (!ours.has(name)) this.names.add(name);
        for (const word of read(pid, 'cmdline').split('\0')) if (TOKEN.test(word)) this.names.add(word);
      }
    }
  }
}

function groupsOf(pid: string): readonly string[] {
  return [...read(pid, 'cgroup').matchAll(/\/cofferdam\/([\w-]+)/g)].flatMap(([, name]) => name ?? []);
}

/** It and all that was started by it, as far as nobody between has ended. */
function descendants(of: number): readonly string[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        // The name of a program may hold spaces and brackets.
        const [, state = 'Z', parent = ''] = /^\d+ \(.*\) (\S) (\d+) /s.exec(read(pid, 'stat')) ?? [];
        return state === 'Z' ? [] : [[pid, parent] as const];
      }),
  );
  const root = String(of);
  const descends = (pid: string | undefined): boolean =>
    pid !== undefined && (pid === root || descends(parents.get(pid)));
  return [...parents.keys()].filter(descends);
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
