import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

export interface Ran {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder for one test's state, work and files, removed afterwards. */
export class Place {
  readonly directory = mkdtempSync(join(tmpdir(), 'e2e-'));
  readonly state = join(this.directory, 'state');

  /** Runs the command line as a user does, as it was built. */
  run(
    args: readonly string[],
    options: {
      readonly cwd?: string;
      readonly env?: Readonly<Record<string, string>>;
      readonly input?: string;
      readonly killAfterMs?: number;
      /** Settles when the run is to be ended, as by Ctrl-C; it is given the run's process. */
      readonly until?: (pid: number) => Promise<void>;
    } = {},
  ): Promise<Ran> {
    return new Promise((resolve) => {
      const child = spawn(process.execPath, [join(ROOT, 'dist/cofferdam.mjs'), ...args], {
        cwd: options.cwd ?? this.directory,
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: '/nonexistent',
          XDG_CACHE_HOME: join(this.directory, 'cache'),
          COFFERDAM_STATE: this.state,
          ...options.env,
        },
      });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk: Buffer) => {
        if (stdout.length < 1_000_000) stdout += chunk.toString('utf8');
      });
      child.stderr.on('data', (chunk: Buffer) => {
        if (stderr.length < 1_000_000) stderr += chunk.toString('utf8');
      });
      child.stdin.on('error', () => undefined);
      child.stdin.end(options.input ?? '');
      if (options.killAfterMs !== undefined) setTimeout(() => child.kill('SIGINT'), options.killAfterMs);
      void options.until?.(child.pid ?? 0).then(() => child.kill('SIGINT'));
      child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
    });
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
