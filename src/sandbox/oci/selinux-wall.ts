import { join } from 'node:path';
import { ok, type Refusal, type Result } from '../../base/index.ts';
import { nativeProgram } from '../native-program.ts';
import type { SandboxPlan } from '../plan/plan-sandbox.ts';
import {
  askKernel,
  contextAt,
  labelCheck,
  labelsOf,
  layLabels,
  policyWeakness,
  type SeLinuxLabels,
  seLinuxHere,
  type Shown,
  threadContexts,
} from '../selinux/index.ts';
import type { SecondWalls } from './second-walls.ts';
import type { RuntimeConfig } from './runtime-spec.ts';

/**
 * SELinux around one sandbox, whose module is loaded: the runtime enters process 1 into its type and mounts the sandbox's file
 * systems with the job's label; process 1 takes the job's type for what it starts. Nothing is left of it afterwards.
 */
export async function raiseSeLinux(
  plan: SandboxPlan,
  labels: SeLinuxLabels,
  bundle: string,
): Promise<Result<SecondWalls, Refusal>> {
  const [program, copy] = [nativeProgram('init'), join(bundle, 'init')];
  const usr = await labelsOf(['/usr']);
  if (!usr.ok) return usr;
  const host = { starter: contextAt('/proc/self'), usr: usr.value[0] ?? '' };
  return ok({
    config: (planned) => labelled(planned, labels, { program, copy }),
    forJob: labels.job,
    laid: (root) =>
      layLabels(
        labels,
        { program, copy, ...(root.kind === 'host' && { root: plan.config.root.path }) },
        shownOf(plan.config, program),
      ),
    checks: (initPid) => [
      labelCheck(labels, {
        state: seLinuxHere(),
        contexts: threadContexts(initPid),
        weakness: policyWeakness(labels, host, askKernel),
      }),
    ],
    remove: () => [],
  });
}

function labelled(
  planned: RuntimeConfig,
  labels: SeLinuxLabels,
  { program, copy }: { readonly program: string; readonly copy: string },
): RuntimeConfig {
  return {
    ...planned,
    process: { ...planned.process, selinuxLabel: labels.init },
    mounts: planned.mounts.map((mount) => (mount.source === program ? { ...mount, source: copy } : mount)),
    linux: { ...planned.linux, mountLabel: labels.files },
  };
}

/** What is bound from the host; what lies in the sandbox's own folder has its labels from us. */
function shownOf({ mounts, root }: RuntimeConfig, program: string): readonly Shown[] {
  const own = join(root.path, '../..');
  return mounts
    .filter(({ type, source }) => type === 'bind' && source !== program && !source.startsWith(`${own}/`))
    .map(({ source, options }) => ({ source, written: options.includes('rw') }));
}
