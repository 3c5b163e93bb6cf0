import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Programs that run beside a job, outside of its sandbox. */
export class Companions {
  readonly #children: ChildProcess[] = [];

  /** Settles when the program has said something, which it does when it is ready. */
  async spawn(argv: readonly [string, ...string[]], input = ''): Promise<ChildProcess> {
    const [program, ...args] = argv;
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#children.push(child);
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    await new Promise((resolve, reject) => {
      child.stdout.once('data', resolve);
      child.once('exit', () => reject(new Error(`${program} ended at once`)));
      child.once('error', reject);
    });
    return child;
  }

  end(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}

/** Processes of this throwaway machine, but this one, whose arguments hold the text. */
export function processesWith(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(join('/proc', pid, 'cmdline'), 'latin1').includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}
