import { err, ok, type Refusal, type Result } from '../../base/index.ts';
import { type ChosenRuntime, programPath } from '../choose-runtime.ts';
import type { SandboxReceipt, SandboxRequest } from '../contract.ts';
import { knownFlaws, packageOf, refuseOpen, releaseOf, REVIEWED } from '../known-flaws/index.ts';
import type { SandboxPlan } from '../plan/plan-sandbox.ts';
import { runtimeVersion } from './runtime-version.ts';

export interface JudgedRuntime {
  /** The runtime's release, as it or its package says. */
  readonly version: string;
  readonly knownFlaws: SandboxReceipt['knownFlaws'];
}

/**
 * Holds a runtime against the table of published flaws before it is started, in the plan at hand. Refused in zone untrusted
 * when one is open. What its package says of its release is known without starting it, which saves the time.
 */
export async function judgeRuntime(
  runtime: ChosenRuntime,
  plan: SandboxPlan,
  { controls, writePaths }: SandboxRequest,
  rootless: boolean,
  today: string = new Date().toISOString().slice(0, 10),
): Promise<Result<JudgedRuntime, Refusal>> {
  const program = programPath(runtime.program) ?? runtime.program;
  const has = packageOf(runtime.name, program);
  const installed = {
    program: runtime.name,
    version: has?.version ?? (await runtimeVersion(runtime.program)),
    ...(has !== undefined && { package: has }),
  };
  const asked = {
    config: plan.config,
    rootless,
    shared: writePaths.filter(({ file }) => file !== true).map(({ path }) => path),
  };
  const flaws = knownFlaws(installed, asked, controls.isolation.acceptKnown, today);
  const judged = refuseOpen(installed, flaws, controls.zone);
  if (!judged.ok) return err(judged.error);
  return ok({
    version: has === undefined ? installed.version : releaseOf(has.version),
    knownFlaws: {
      reviewed: REVIEWED,
      ...(has !== undefined && { package: `${has.name} ${has.version}` }),
      flaws,
    },
  });
}
