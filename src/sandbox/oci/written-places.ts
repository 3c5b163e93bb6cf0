import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Refusal, type Result } from '../../base/index.ts';
import { bindHardened } from '../workspace/program.ts';
import type { Mount, RuntimeConfig } from './runtime-spec.ts';

/**
 * Has what the job writes for real mounted by us with its hardening, for a runtime that leaves these options off a place that may
 * be written (crun 1.8). `own` is the sandbox's folder, whose own mounts have them; `folder`, in it, is where ours are made.
 */
export async function hardenWritten(
  config: RuntimeConfig,
  own: string,
  folder: string,
): Promise<Result<RuntimeConfig, Refusal>> {
  const mounts: Mount[] = [];
  for (const [at, mount] of config.mounts.entries()) {
    const foreign =
      mount.type === 'bind' && mount.options.includes('rw') && !mount.source.startsWith(`${own}/`);
    if (!foreign) {
      mounts.push(mount);
      continue;
    }
    const target = join(folder, String(at));
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    if (statSync(mount.source).isDirectory()) mkdirSync(target);
    else writeFileSync(target, '');
    const bound = await bindHardened(mount.source, target);
    if (!bound.ok) return bound;
    mounts.push({ ...mount, source: target });
  }
  return ok({ ...config, mounts });
}
