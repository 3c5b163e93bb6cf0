import { chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Refusal, type Result } from '../../base/index.ts';
import type { SandboxRequest } from '../contract.ts';
import { nativeProgram } from '../native-program.ts';
import { layRoot } from '../oci/lay-root.ts';
import type { HostFacts } from '../plan/host-facts.ts';
import { hostIds } from '../plan/host-ids.ts';
import { planSandbox, type SandboxPlan } from '../plan/plan-sandbox.ts';
import { watchedRules } from '../telemetry/watched-files.ts';
import { type GuestContainer, guestContainer, TRACE_SOCKET } from './guest-config.ts';
import { repositoriesOf } from './guest-telemetry.ts';

/** Stand for places in the guest, until `guestContainer` finds them in the plan. */
const MERGED = 'share:work';
const EXCHANGE = 'share:exchange';

export interface GuestPlan extends GuestContainer {
  readonly plan: SandboxPlan;
}

/** The folders of one machine, all below the sandbox's own. */
export function placesIn(directory: string) {
  const guest = join(directory, 'guest');
  return {
    guest,
    root: join(guest, 'root'),
    above: join(guest, 'above'),
    bundle: join(guest, 'bundle'),
    sockets: join(guest, 'sockets'),
    /** The monitor's own sandbox. */
    machine: join(directory, 'machine'),
  };
}

/** The job's container as it will be inside the guest: planned as any, then moved. */
export function planGuest(
  request: SandboxRequest,
  host: HostFacts,
  places: ReturnType<typeof placesIn>,
  idSlot: number,
): Result<GuestPlan, Refusal> {
  const planned = planSandbox(request, host, {
    containerId: 'job',
    rootfs: places.root,
    merged: MERGED,
    exchange: EXCHANGE,
    init: nativeProgram('init'),
    listenerPath: TRACE_SOCKET,
    ids: hostIds(host, idSlot, request.workspace),
  });
  if (!planned.ok) return planned;
  const moved = guestContainer(
    planned.value,
    { root: places.root, bundle: places.bundle, merged: MERGED, exchange: EXCHANGE },
    (hostPath) => statSync(hostPath).isFile(),
  );
  return ok({ ...moved, plan: planned.value });
}

/** Lays what the guest will read: the container's root, its configuration, the places whose room is watched, and the files. */
export async function layGuest(
  request: SandboxRequest,
  { plan, config, tree }: GuestPlan,
  places: ReturnType<typeof placesIn>,
): Promise<Result<undefined, Refusal>> {
  // Passed through by the runtime as the job's own root, which is nobody here.
  mkdirSync(places.guest, { recursive: true, mode: 0o711 });
  mkdirSync(places.bundle, { mode: 0o755 });
  mkdirSync(places.sockets, { mode: 0o700 });
  // Of the monitor's user alone: what connects first is believed to be the monitor.
  chownSync(places.sockets, plan.hostUid, plan.hostGid);
  writeFileSync(join(places.bundle, 'config.json'), JSON.stringify(config));
  const watched = ['/tmp', '/home/runner', ...request.temporary];
  writeFileSync(join(places.bundle, 'places'), ended(watched));
  writeFileSync(join(places.bundle, 'rules'), ended(watchedRules(repositoriesOf(request))));
  return layRoot(request, tree, { root: places.root, above: places.above });
}

/** As native/microvm reads a list. */
function ended(texts: readonly string[]): string {
  return texts.map((text) => `${text}\0`).join('');
}
