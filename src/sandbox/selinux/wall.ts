import { packagedFile } from '../native-program.ts';
import type { Profile } from '../profiles/index.ts';
import { seLinuxHere, type SeLinuxLack } from './kernel.ts';
import { type SeLinuxLabels, seLinuxLabels } from './labels.ts';
import { knownToKernel } from './policy-questions.ts';

/** A sandbox's labels, or why it has none. */
export type SeLinuxWall =
  | { readonly labels: SeLinuxLabels; readonly lack?: undefined }
  | { readonly labels?: undefined; readonly lack: SeLinuxLack };

/** The wall that this machine can give a sandbox: it enforces SELinux, and its administrator has loaded the module. */
export function seLinuxWall(of: {
  readonly containerId: string;
  readonly profile?: Profile;
  readonly ownKernel: boolean;
  readonly rootless: boolean;
}): SeLinuxWall {
  if (of.ownKernel) return { lack: 'own kernel' };
  const here = seLinuxHere();
  if (here !== 'enforces') return { lack: here };
  const labels = seLinuxLabels(of.containerId);
  if (!knownToKernel(Object.values(labels) as readonly string[])) return { lack: 'not loaded' };
  if (of.rootless) return { lack: 'rootless' };
  // Mounts and the rights of an inner root are what the module is there to refuse.
  return (of.profile?.namespaces ?? 0) > 0 ? { lack: 'profile' } : { labels };
}

/** What the administrator does, once: the module is text, beside this package, and stays when the package goes. */
export function loadModule(): string {
  return `semodule -i ${packagedFile('setup/selinux/cofferdam.cil')}`;
}
