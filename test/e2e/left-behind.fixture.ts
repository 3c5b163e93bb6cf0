import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What of a run is still on the machine: processes whose arguments hold one of the words, and mounts, control groups and
 * network namespaces whose name holds one. Words are a run's id and the test's own folder.
 */
export function leftBehind(words: readonly string[]): readonly string[] {
  const holds = (text: string): boolean =>
    words.some((word) => text.toLowerCase().includes(word.toLowerCase()));
  return [
    ...processes(holds),
    ...read('/proc/self/mountinfo')
      .split('\n')
      .filter(holds)
      .map((line) => `mount ${line}`),
    ...controlGroups('/sys/fs/cgroup', 4).filter(holds),
  ];
}

/** The same, after what is being taken down has had its time. */
export async function leftBehindAfter(words: readonly string[], ms = 5_000): Promise<readonly string[]> {
  for (const until = Date.now() + ms; Date.now() < until; await sleep(25)) {
    if (leftBehind(words).length === 0) return [];
  }
  return leftBehind(words);
}

function processes(holds: (text: string) => boolean): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
      // Ended, and waiting for this machine's process 1 to notice: it holds nothing any more.
      if (/^\d+ \(.*\) Z/s.test(read(`/proc/${pid}/stat`))) return [];
      return holds(command) || holds(read(`/proc/${pid}/cgroup`)) ? [`process ${pid} ${command}`] : [];
    });
}

function controlGroups(folder: string, depth: number): readonly string[] {
  if (depth === 0) return [];
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => [
        `cgroup ${folder}/${entry.name}`,
        ...controlGroups(`${folder}/${entry.name}`, depth - 1),
      ]);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
