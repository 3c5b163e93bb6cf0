import type { Refusal, Result } from '../base/index.ts';
import { type ChosenRuntime, isContainerRuntime } from './choose-runtime.ts';
import type { Sandbox, SandboxRequest } from './contract.ts';
import { openSandbox as openContainer, type OpenSandboxOptions } from './oci/open-sandbox.ts';

/**
 * Opens a sandbox by the runtime that was chosen: one whose receipt holds every check, or a refusal with nothing left behind.
 * A container is opened by its OCI runtime; a microVM is a machine in which the same container is opened. Needs root.
 */
export async function openSandbox(
  request: SandboxRequest,
  options: OpenSandboxOptions<ChosenRuntime>,
): Promise<Result<Sandbox, Refusal>> {
  const { runtime } = options;
  if (isContainerRuntime(runtime)) return openContainer(request, { ...options, runtime });
  // Loaded when it is asked for: what a container needs not, it does not wait for.
  const { openMicrovm } = await import('./microvm/open-microvm.ts');
  return openMicrovm(request, options);
}

/** Has the next microVM find out anew whether KVM works. */
export async function forgetKvm(): Promise<void> {
  const [{ forgetVerdict }, { guestFolder }] = await Promise.all([
    import('./microvm/kvm-verdict.ts'),
    import('./microvm/guest-kernel.ts'),
  ]);
  forgetVerdict(guestFolder());
}
