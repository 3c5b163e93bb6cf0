/** How the guest's instructions are run: by the processor's own virtualisation, or translated one by one. */
export type Acceleration = 'kvm' | 'tcg';

/** A machine that is to be started; every path is as the monitor sees it. */
export interface Machine {
  readonly acceleration: Acceleration;
  readonly kernel: string;
  readonly initramfs: string;
  /** Whether its kernel tells all that it does while it boots: slower, and whoever waits knows how far it came. */
  readonly talks: boolean;
  readonly memoryBytes: number;
  readonly processors: number;
  /** Folders that the guest mounts, by the name under which it finds them. */
  readonly shares: readonly { readonly tag: string; readonly path: string; readonly readOnly: boolean }[];
  /** Streams between guest and control side: sockets that somebody listens on, by the name of the port in the guest. */
  readonly ports: readonly { readonly name: string; readonly socket: string }[];
  /** It is there to show that one runs: its process 1 ends with a word (native/microvm). */
  readonly tries?: true;
  /** Absent: it has no network at all. The socket of the link that carries the guest's packets, and the guest's hardware address on it. */
  readonly link?: { readonly socket: string; readonly hardware: string };
}

/**
 * A program that runs a machine as an ordinary process without rights, ends when the guest does, and tells on its standard
 * output what the guest's console says. Another one (Firecracker, Cloud Hypervisor) is another value of this type; what it
 * must be able to do is what `Machine` says: shares, ports and a link.
 */
export interface MachineMonitor {
  readonly command: (program: string, machine: Machine) => readonly [string, ...string[]];
}
