import type { ProbeCheck } from '../contract.ts';
import { boundCheck } from './bound-places.ts';
import { seenUsers, usersCheck } from './rootless-checks.ts';
import type { RuntimeConfig } from './runtime-spec.ts';

/** What this side sees of a container's files and users, whatever is told inside of it. */
export function outsideChecks(
  initPid: number,
  config: RuntimeConfig,
  inside: (destination: string) => string,
): readonly ProbeCheck[] {
  return [boundCheck(initPid, config, inside), usersCheck(config.linux, seenUsers(initPid))];
}
