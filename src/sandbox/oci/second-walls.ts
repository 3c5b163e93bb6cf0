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
import { seLinuxCheck, seLinuxHere, threadContexts } from '../selinux/index.ts';
import type { ProbeCheck } from '../contract.ts';
import type { SandboxPlan } from '../plan/plan-sandbox.ts';
import type { RuntimeConfig } from './runtime-spec.ts';

/** The walls of the kernel's security modules around one sandbox, where the kernel has them; a lack is a check that says why. */
export interface SecondWalls {
  /** The configuration with what the runtime must be told. */
  readonly config: (planned: RuntimeConfig) => RuntimeConfig;
  /** AppArmor's profile for process 1 to add for the job. */
  readonly apparmor?: string;
  /** Looks from outside, after process 1 has confined what it will start. */
  readonly checks: (initPid: number) => readonly ProbeCheck[];
  /** Takes them back when nothing runs in them any more; gives what stays. */
  readonly remove: () => readonly string[];
}

/** Raises them. Refused when the kernel has one and it cannot be raised: it would be missing without anyone's wish. */
export async function raiseSecondWalls(
  plan: SandboxPlan,
  ownKernel: boolean,
  rootless: boolean,
): Promise<Result<SecondWalls, Refusal>> {
  const absent = ownKernel
    ? 'absent: the job has a kernel of its own'
    : (appArmorAbsent() ?? (rootless ? 'absent: only root of the machine loads profiles' : undefined));
  const state = ownKernel ? 'own kernel' : seLinuxHere();
  const selinux = (initPid: number): ProbeCheck =>
    seLinuxCheck(state, state === 'none' ? [] : threadContexts(initPid));
  if (absent !== undefined)
    return ok({
      config: (planned) => planned,
      checks: (initPid) => [absentCheck(absent), selinux(initPid)],
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
    apparmor: names.job,
    checks: (initPid) => [labelCheck(names, threadLabels(initPid)), selinux(initPid)],
    remove: () => removeProfiles(names).map((name) => `AppArmor profile ${name}`),
  });
}
