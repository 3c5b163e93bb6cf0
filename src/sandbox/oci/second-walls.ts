import { ok, type Refusal, type Result } from '../../base/index.ts';
import {
  absentCheck,
  appArmorAbsent,
  appArmorNames,
  labelCheck,
  loadProfiles,
  removeProfiles,
  threadLabels,
} from '../apparmor/index.ts';
import { seLinuxAbsent, type SeLinuxWall, threadContexts } from '../selinux/index.ts';
import type { ProbeCheck, SandboxRoot } from '../contract.ts';
import type { SandboxPlan } from '../plan/plan-sandbox.ts';
import { raiseSeLinux } from './selinux-wall.ts';
import type { RuntimeConfig } from './runtime-spec.ts';

/** The walls of the kernel's security modules around one sandbox, where the kernel has them; a lack is a check that says why. */
export interface SecondWalls {
  /** The configuration with what the runtime must be told. */
  readonly config: (planned: RuntimeConfig) => RuntimeConfig;
  /** AppArmor's profile for process 1 to add for the job, or SELinux's label for it to take. */
  readonly forJob?: string;
  /** Does to the sandbox's own files what the walls need, once they lie there. */
  readonly laid: (root: SandboxRoot) => Promise<Result<undefined, Refusal>>;
  /** Looks from outside, after process 1 has confined what it will start. */
  readonly checks: (initPid: number) => readonly ProbeCheck[];
  /** Takes them back when nothing runs in them any more; gives what stays. */
  readonly remove: () => readonly string[];
}

/**
 * Raises them. Refused when the kernel has one and it cannot be raised: it would be missing without anyone's wish. Of AppArmor and
 * SELinux a kernel runs one.
 */
export async function raiseSecondWalls(
  plan: SandboxPlan,
  ownKernel: boolean,
  rootless: boolean,
  seLinux: SeLinuxWall,
  /** The sandbox's own folder for its bundle. */
  bundle: string,
): Promise<Result<SecondWalls, Refusal>> {
  const absent = ownKernel
    ? 'absent: the job has a kernel of its own'
    : (appArmorAbsent() ?? (rootless ? 'absent: only root of the machine loads profiles' : undefined));
  if (seLinux.labels !== undefined) {
    const raised = await raiseSeLinux(plan, seLinux.labels, bundle);
    if (!raised.ok) return raised;
    const { checks } = raised.value;
    return ok({
      ...raised.value,
      checks: (initPid) => [absentCheck(absent ?? 'absent: SELinux confines the job'), ...checks(initPid)],
    });
  }
  const { lack } = seLinux;
  const other = (initPid: number): ProbeCheck =>
    seLinuxAbsent(lack, lack === 'none' ? [] : threadContexts(initPid));
  const laid = (): Promise<Result<undefined, Refusal>> => Promise.resolve(ok(undefined));
  if (absent !== undefined)
    return ok({
      config: (planned) => planned,
      laid,
      checks: (initPid) => [absentCheck(absent), other(initPid)],
      remove: () => [],
    });
  const names = appArmorNames(plan.containerId);
  const loaded = await loadProfiles(names, plan.writable, plan.profile);
  if (!loaded.ok) {
    removeProfiles(names);
    return loaded;
  }
  return ok({
    config: (planned) => ({ ...planned, process: { ...planned.process, apparmorProfile: names.init } }),
    forJob: names.job,
    laid,
    checks: (initPid) => [labelCheck(names, threadLabels(initPid)), other(initPid)],
    remove: () => removeProfiles(names).map((name) => `AppArmor profile ${name}`),
  });
}
