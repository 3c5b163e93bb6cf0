export * from './changes/index.ts';
export {
  type ChosenRuntime,
  chooseRuntime,
  type ContainerRuntime,
  isContainerRuntime,
} from './choose-runtime.ts';
export type * from './contract.ts';
export { forgetKvm, openSandbox } from './open-sandbox.ts';
export { reapSandboxes } from './oci/reap.ts';
export { Cgroup } from './oci/cgroup.ts';
export { writeRootTree } from './oci/root-files.ts';
export type { RuntimeConfig } from './oci/runtime-spec.ts';
export { startContainer, type Starting } from './oci/start-container.ts';
export { startingOf } from './oci/starting.ts';
export { readHostFacts } from './plan/host-facts.ts';
export { readRootless, type Rootless } from './plan/rootless.ts';
export { whyNotRoot } from './why-not-root.ts';
export { JOB_GID, JOB_UID, planSandbox } from './plan/plan-sandbox.ts';
export { sandboxName } from './plan/sandbox-name.ts';
export { nativeProgram } from './native-program.ts';
export { InitSession } from './process/session.ts';
export { secondWallFix } from './process/receipt.ts';
export { profileOf, profileUnfit, profilePath } from './profiles/index.ts';
export { openImage, type RootImage } from './image/index.ts';
export { showsProgram } from './shows-program.ts';
export * from './workspace/index.ts';
