import { readdirSync, readFileSync } from 'node:fs';

/** Numbers of 0 to 1 that the same seed gives again (mulberry32, public domain). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Process {
  readonly pid: number;
  readonly parent: number;
}

function processes(): readonly Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const found = /^\d+ \(.*\) [^Z] (\d+)/s.exec(read(`/proc/${name}/stat`));
      return found?.[1] === undefined ? [] : [{ pid: Number(name), parent: Number(found[1]) }];
    });
}

/** Every process that a run has on the machine beside its first: what descends from it, and what is in its control group. */
export function processesOf(first: number, runId: string): readonly number[] {
  const all = processes();
  const family = new Set([first]);
  for (let before = 0; before !== family.size; ) {
    before = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  const grouped = all.filter(
    ({ pid }) => runId !== '' && read(`/proc/${pid}/cgroup`).includes(runId.toLowerCase()),
  );
  return [...new Set([...family, ...grouped.map(({ pid }) => pid)])].filter((pid) => pid !== first);
}

export function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
