import { spawn } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Starting } from '../../sandbox/index.ts';
import type { WeakenedStep } from './weakened-sandbox.ts';

/**
 * Runs a program as a container's own first process, with a folder of the host as its descriptor 3, as runtimes left one open
 * until CVE-2024-21626 was mended. Process 1 of the product would close it.
 */
export async function leakyJob(
  { command, config, bundle }: Starting,
  step: WeakenedStep,
  output: (chunk: Buffer) => void,
): Promise<void> {
  const environment = Object.entries(step.environment).map(([name, value]) => `${name}=${value}`);
  const leaking = {
    ...config,
    process: { ...config.process, args: step.argv, env: environment, cwd: step.workingDirectory },
  };
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(leaking));
  const folder = openSync('/', 'r');
  const [program, ...args] = command;
  const child = spawn(
    program,
    args.filter((word) => word !== '--detach'),
    { stdio: ['pipe', 'pipe', 'pipe', folder], cwd: '/' },
  );
  child.stdin?.end();
  child.stdout?.on('data', output);
  child.stderr?.on('data', output);
  await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  closeSync(folder);
}
