import type { BoundPath } from '../contract.ts';
import type { Mount, RuntimeConfig } from '../oci/runtime-spec.ts';
import { JOB_UID, type SandboxPlan } from '../plan/plan-sandbox.ts';
import { FURTHER_IDS, FURTHER_IDS_COUNT } from '../profiles/index.ts';

/** Where the guest mounts the three shares (native/microvm/boot.c), and the monitor's sandbox shows what is in them. */
export const SHARES = { read: '/vm/read', write: '/vm/write' } as const;
const READ = '/read';
const WRITE = '/write';
const EXCHANGE = '/exchange';
export const TRACE_SOCKET = '/run/trace/trace.sock';
/** Where guest and gateway meet (native/microvm/microvm.h): names are asked for there. */
export const RESOLVER = '192.0.0.1';
const RESOLVER_FILE = `nameserver ${RESOLVER}\noptions timeout:5 attempts:2\n`;
/** In the guest nobody else has them. */
const GUEST_ROOT_OF_JOB = 100_000;
const GUEST_FURTHER_IDS = 1_000_000;

/** A user of the guest as the job has it; undefined: one that the job's container does not have. */
export function jobUserOf(guestUid: number): number | undefined {
  if (guestUid === JOB_UID) return guestUid;
  const further = guestUid - GUEST_FURTHER_IDS;
  return further >= 0 && further < FURTHER_IDS_COUNT ? FURTHER_IDS + further : undefined;
}

/** What a profile's own programs are told of the resolver of every container. */
const OF_A_CONTAINER = 'dns_servers = ["127.0.0.1"]';

function resolving<T extends { readonly content: string | Uint8Array }>(file: T): T {
  if (typeof file.content !== 'string') return file;
  return { ...file, content: file.content.replaceAll(OF_A_CONTAINER, `dns_servers = ["${RESOLVER}"]`) };
}

/** A job's container as the guest's runtime gets it, and what the monitor's sandbox must be shown for it. */
export interface GuestContainer {
  readonly config: RuntimeConfig;
  readonly tree: SandboxPlan['tree'];
  /** Read-only for the monitor, and so for the guest. */
  readonly shown: readonly BoundPath[];
  /** The host's own folders that the operator lets the job write. */
  readonly written: readonly BoundPath[];
}

/**
 * The plan's container, moved into a guest: the same walls, with every bound path found below a share. Pure. `isFile` tells
 * which host paths are files; `root`, `merged` and `exchange` are where the plan has them on the host.
 *
 * Two things are held from outside instead: processor time, which is the whole machine's, and the network, which is the
 * guest's own with nothing in it but the link.
 */
export function guestContainer(
  plan: SandboxPlan,
  places: {
    readonly root: string;
    readonly bundle: string;
    readonly merged: string;
    readonly exchange: string;
  },
  isFile: (hostPath: string) => boolean,
): GuestContainer {
  const shown: BoundPath[] = [
    { hostPath: places.root, path: `${SHARES.read}/root` },
    { hostPath: places.bundle, path: `${SHARES.read}/bundle` },
  ];
  const written: BoundPath[] = [];
  const moved = (mount: Mount): Mount => {
    if (mount.type !== 'bind') return mount;
    if (mount.source === places.merged) return { ...mount, source: `${WRITE}/work` };
    if (mount.source === places.exchange) return { ...mount, source: EXCHANGE };
    const into = mount.options.includes('rw') ? written : shown;
    const name = String(into.length);
    const share = into === written ? SHARES.write : SHARES.read;
    const file = isFile(mount.source);
    into.push({ hostPath: mount.source, path: `${share}/${name}`, ...(file && { file }) });
    return { ...mount, source: `${into === written ? WRITE : READ}/${name}` };
  };
  const ids = [
    { containerID: 0, hostID: GUEST_ROOT_OF_JOB, size: 1 },
    // As the monitor shows them, which belongs to the same user outside.
    { containerID: JOB_UID, hostID: JOB_UID, size: 1 },
    ...(plan.profile?.furtherIds === true
      ? [{ containerID: FURTHER_IDS, hostID: GUEST_FURTHER_IDS, size: FURTHER_IDS_COUNT }]
      : []),
  ];
  const { cpu: _cpu, ...resources } = plan.config.linux.resources;
  return {
    shown,
    written,
    tree: {
      ...plan.tree,
      files: plan.tree.files.map((file) =>
        file.path === '/etc/resolv.conf' ? { ...file, content: RESOLVER_FILE } : resolving(file),
      ),
    },
    config: {
      ...plan.config,
      root: { ...plan.config.root, path: `${READ}/root` },
      mounts: plan.config.mounts.map(moved),
      linux: {
        ...plan.config.linux,
        uidMappings: ids,
        gidMappings: ids,
        namespaces: plan.config.linux.namespaces.filter(({ type }) => type !== 'network'),
        cgroupsPath: '/cofferdam/job',
        resources,
      },
    },
  };
}
