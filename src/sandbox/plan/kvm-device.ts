import type { Mount, RuntimeConfig } from '../oci/runtime-spec.ts';

export const KVM_PATH = '/dev/kvm';
/** The kernel's fixed number of it (Documentation/admin-guide/devices.txt). */
export const KVM = { major: 10, minor: 232 } as const;

/** The one device that a control group lets through besides those that every container has; none without a `node`. */
export function kvmRule(node: string | undefined): RuntimeConfig['linux']['resources']['devices'] {
  return node === undefined ? [] : [{ allow: true, access: 'rw', type: 'c', ...KVM }];
}

/** Shows the node as the device: one file, and no other device can be made or opened by it. */
export function kvmMount(node: string | undefined): readonly Mount[] {
  return node === undefined
    ? []
    : [
        {
          destination: KVM_PATH,
          type: 'bind',
          source: node,
          options: ['bind', 'rw', 'nosuid', 'noexec'],
        },
      ];
}
