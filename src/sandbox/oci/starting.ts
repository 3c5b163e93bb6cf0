import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerRuntime } from '../choose-runtime.ts';
import type { HostFacts } from '../plan/host-facts.ts';
import type { SandboxPlan } from '../plan/plan-sandbox.ts';
import { Cgroup } from './cgroup.ts';
import { DRIVERS } from './drivers.ts';
import type { RuntimeConfig } from './runtime-spec.ts';
import type { Starting } from './start-container.ts';

/** How a runtime is to start a plan. Makes the folder for its state, and its control groups where it makes none. */
export function startingOf(
  runtime: ContainerRuntime,
  config: RuntimeConfig,
  plan: SandboxPlan,
  host: HostFacts,
  bundle: string,
  session?: string,
): Starting {
  const driver = DRIVERS[runtime.name];
  const state = join(bundle, 'state');
  mkdirSync(state, { mode: 0o700 });
  const pidFile = join(bundle, 'init.pid');
  const networkNamespace =
    plan.config.linux.namespaces.find(({ type }) => type === 'network')?.path ?? '/nonexistent';
  return {
    runtime: runtime.name,
    config,
    bundle,
    pidFile,
    environment: driver.environment,
    command: driver.command({
      program: runtime.program,
      state,
      bundle,
      pidFile,
      containerId: plan.containerId,
      networkNamespace,
      ...(session !== undefined && { session }),
      hybrid: host.hybrid,
      ...(host.rootless !== undefined && { rootlessGroups: host.cgroup }),
    }),
    ...(host.cgroup !== 'none' && { held: new Cgroup(host, plan.cgroupPath).members }),
    ...(!driver.makesCgroup &&
      host.cgroup !== 'none' && { cgroupFiles: new Cgroup(host, plan.cgroupPath).create(plan.limits) }),
  };
}
