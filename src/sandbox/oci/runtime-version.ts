import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';

const versions = new Map<string, Promise<string>>();

/** What the runtime says of itself; asked once for each program and date of it. */
export function runtimeVersion(runtime: string): Promise<string> {
  const key = `${runtime} ${modified(runtime)}`;
  const known = versions.get(key);
  if (known !== undefined) return known;
  const asked = new Promise<string>((resolve) => {
    execFile(
      runtime,
      ['--version'],
      { timeout: 5_000, maxBuffer: 4_096, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
      (error, out) => {
        resolve(error === null ? (/version (\S{1,40})/.exec(out)?.[1] ?? 'unknown') : 'unknown');
      },
    );
  });
  versions.set(key, asked);
  return asked;
}

function modified(runtime: string): number {
  try {
    return statSync(runtime).mtimeMs;
  } catch {
    return 0;
  }
}
