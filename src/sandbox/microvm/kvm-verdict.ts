import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a try of KVM gave. */
export type KvmVerdict =
  | { readonly usable: true }
  | {
      readonly usable: false;
      readonly why: string;
      /** Processes of the try that do not end, whatever they are sent: `PID:START`. */
      readonly stuck?: readonly string[];
    };

const FILE = 'kvm.json';
const MOST_BYTES = 4_096;
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** What was found, kept in a folder of root's alone for as long as the machine runs and nothing that was tried has changed. */
export class KeptVerdict {
  readonly #file: string;
  readonly #of: string;

  /** `parts` are the files that were tried, by path, size, date and number: the monitor, the guest's, the device. */
  constructor(folder: string, parts: readonly string[], bootId = readFileSync(BOOT_ID, 'utf8').trim()) {
    this.#file = join(folder, FILE);
    this.#of = `${bootId} ${fingerprint(parts)}`;
  }

  /** Undefined: nothing is known, or by others than root. */
  read(): KvmVerdict | undefined {
    const kept = keptIn(this.#file);
    return kept?.of === this.#of ? kept.verdict : undefined;
  }

  /** What cannot be kept is found again. */
  keep(verdict: KvmVerdict): void {
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      const making = `${this.#file}.${process.pid}`;
      writeFileSync(making, JSON.stringify({ of: this.#of, verdict }), { mode: 0o600 });
      renameSync(making, this.#file);
    } catch {
      // A folder that cannot be written keeps nothing.
    }
  }
}

/** So that the next machine is preceded by a try; not as long as processes of the last one do not end. */
export function forgetVerdict(folder: string): void {
  const kept = keptIn(join(folder, FILE));
  if (kept?.verdict.usable === false && kept.verdict.stuck?.some(isThere) === true) return;
  rmSync(join(folder, FILE), { force: true });
}

function keptIn(path: string): { readonly of: string; readonly verdict: KvmVerdict } | undefined {
  try {
    for (const one of [dirname(path), path]) {
      const { uid, mode } = lstatSync(one);
      if (uid !== 0 || (mode & 0o022) !== 0) return undefined;
    }
    const { size } = lstatSync(path);
    if (size > MOST_BYTES) return undefined;
    const { of, verdict } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    const known = verdictOf(verdict);
    return typeof of === 'string' && known !== undefined ? { of, verdict: known } : undefined;
  } catch {
    return undefined;
  }
}

function verdictOf(value: unknown): KvmVerdict | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { usable, why, stuck } = value as Record<string, unknown>;
  if (usable === true) return { usable };
  if (usable !== false || typeof why !== 'string') return undefined;
  const named = Array.isArray(stuck) ? stuck.filter((one) => typeof one === 'string') : [];
  return { usable, why, ...(named.length > 0 && { stuck: named }) };
}

/** By path, size, date and number. Of a device its number too, and never what is in it. */
function fingerprint(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) {
    const { size, mtimeNs, ino, rdev } = statSync(path, { bigint: true });
    // The date of a device is when somebody last used it.
    hash.update(`${path}\0${rdev === 0n ? `${size}\0${mtimeNs}` : rdev}\0${ino}\0`);
  }
  return hash.digest('hex').slice(0, 32);
}

/** A process by its number and when it started (proc_pid_stat(5)), and the state that it is in. */
export function processNow(pid: number): { readonly is: string; readonly state: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { is: `${pid}:${rest[18] ?? ''}`, state: state ?? '?' };
  } catch {
    return undefined;
  }
}

function isThere(stuck: string): boolean {
  const now = processNow(Number.parseInt(stuck, 10));
  // One that has ended holds nothing any more, though nobody may have waited for it.
  return now?.is === stuck && now.state !== 'Z';
}
