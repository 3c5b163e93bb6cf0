import type { RuntimeConfig } from '../oci/runtime-spec.ts';

/** What a runtime is asked to do, as far as a flaw of it can matter. */
export interface Asked {
  readonly config: RuntimeConfig;
  /** Where the job writes places of the host's (`--write`), which another job may write at the same time. */
  readonly shared: readonly string[];
  /** The runtime runs in an ordinary user's namespace, in which host ids are that namespace's and root of the machine has none. */
  readonly rootless?: boolean;
}

/** What of every plan keeps a flaw out of reach. Each is looked at in the plan at hand, never taken for granted. */
export const CONDITIONS = {
  /** Root of the host is nobody in the sandbox, so that the kernel's files are not the job's to write. */
  'no-host-root': ({ config: { linux }, rootless }) =>
    linux.namespaces.some(({ type }) => type === 'user') &&
    [linux.uidMappings, linux.gidMappings].every(
      (map) => map.length > 0 && map.every(({ hostID }) => rootless === true || hostID > 0),
    ),
  /** What the runtime starts is an ordinary user that no program makes another. */
  'ordinary-user': ({ config: { process } }) => process.user.uid !== 0 && process.noNewPrivileges,
  /** No capability is inherited. */
  'no-inherited-capability': ({ config: { process } }) => process.capabilities['inheritable'].length === 0,
  /** The runtime makes no terminal, and so no console. */
  'no-terminal': ({ config: { process } }) => !process.terminal,
  /** `/dev` is a file system that the runtime has just made, whatever lies there in the root. */
  'fresh-dev': ({ config: { mounts } }) =>
    mounts.filter(({ destination }) => destination === '/dev').every(({ type }) => type === 'tmpfs') &&
    mounts.some(({ destination }) => destination === '/dev'),
  /** Nothing is mounted in a place that another job may change at the same time. */
  'private-destinations': ({ config: { mounts }, shared }) =>
    !mounts.some(({ destination }) => shared.some((place) => destination.startsWith(`${place}/`))),
  /** A container is started once and never entered: each step is started by its process 1 (ADR 0004). */
  'never-entered': ({ config: { process } }) =>
    process.args.length > 0 && process.args.slice(1).every((word) => word.startsWith('RLIMIT_')),
  /** No handler of a container that is none is asked for. */
  'no-handler': ({ config }) => !('annotations' in config),
} as const satisfies Readonly<Record<string, (asked: Asked) => boolean>>;

export type Condition = keyof typeof CONDITIONS;

/** Those of the conditions that this plan does not meet. */
export function unmet(conditions: readonly Condition[], asked: Asked): readonly Condition[] {
  return conditions.filter((name) => !CONDITIONS[name](asked));
}
