import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seccheckSession } from '../telemetry/seccheck-session.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Driver } from './drivers.ts';

/** What a kernel of its own is to tell, as a file for its runtime. */
export function sessionFor(
  driver: Driver,
  telemetry: Telemetry | undefined,
  bundle: string,
): string | undefined {
  if (!driver.ownKernel || telemetry === undefined) return undefined;
  const path = join(bundle, 'session.json');
  writeFileSync(path, seccheckSession(telemetry.listenerPath), { mode: 0o600 });
  return path;
}
