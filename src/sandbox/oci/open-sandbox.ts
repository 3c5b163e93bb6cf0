import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Refusal, type Result } from '../../base/index.ts';
import { TIER_OF } from '../../config/index.ts';
import type { LimitName } from '../../zone/index.ts';
import type { ChosenRuntime, ContainerRuntime } from '../choose-runtime.ts';
import type {
  Observation,
  ProbeCheck,
  Sandbox,
  SandboxReceipt,
  SandboxRequest,
  SandboxRoot,
} from '../contract.ts';
import { nativeProgram } from '../native-program.ts';
import { type HostFacts, readHostFacts } from '../plan/host-facts.ts';
import { hostIds } from '../plan/host-ids.ts';
import { EXCHANGE_PATH, INIT_PATH, planSandbox, type SandboxPlan } from '../plan/plan-sandbox.ts';
import { profileUnfit } from '../profiles/index.ts';
import { sandboxName } from '../plan/sandbox-name.ts';
import {
  confinementChecks,
  meantChecks,
  plannedChecks,
  readReport,
  unheld,
  wallLacking,
} from '../process/receipt.ts';
import { checksOf, notServed, profileChecks, usableLandlock } from '../process/profile-checks.ts';
import { InitSession } from '../process/session.ts';
import { startTelemetry, type Telemetry } from '../telemetry/telemetry.ts';
import { openWorkspace, type Workspace } from '../workspace/index.ts';
import { insideOf } from './bound-places.ts';
import { outsideChecks } from './outside-checks.ts';
import { prepareParent } from './cgroup-parent.ts';
import { DRIVERS } from './drivers.ts';
import { makeClones, mountPoints, withoutSubmounts } from './clear-sources.ts';
import { mountOnHost } from './host-mounts.ts';
import { type JobGroup, jobGroup } from './job-group.ts';
import { judgeRuntime } from './judge-runtime.ts';
import { sessionFor } from './kernel-session.ts';
import { layRoot } from './lay-root.ts';
import { limitsUnheld, notOwned } from './limits-held.ts';
import { limitNamespace, namespaceLimits } from './namespace-limits.ts';
import { namespaceChecks } from './namespaces.ts';
import { endedBy, firstEnd, fullOf } from './limits-reached.ts';
import { cannotPrepare, noNamespace } from './open-refusals.ts';
import { askerOf, diallerOf, HolderSearch } from './owner-of.ts';
import { programsOf } from './programs-of.ts';
import { ownKernelChecks } from './own-kernel.ts';
import { rootlessChecks, rootlessReceipt, seenUsers } from './rootless-checks.ts';
import { raiseSecondWalls, type SecondWalls } from './second-walls.ts';
import { seLinuxWall } from '../selinux/index.ts';
import { runningOf } from './running.ts';
import { innerId } from './inner-id.ts';
import type { RuntimeConfig } from './runtime-spec.ts';
import { type Container, startContainer } from './start-container.ts';
import { limitsOf, uncountedBy, weakerLimitsCheck } from './weaker-limits.ts';
import { startingOf } from './starting.ts';
import { pathsIn } from './sandbox-paths.ts';
import { StillHeld } from './still-held.ts';
import { Undo } from './undo.ts';
import { repositoriesOf, watchedPlaces } from './watched-places.ts';
import { hardenWritten } from './written-places.ts';

export interface OpenSandboxOptions<Runtime extends ChosenRuntime = ContainerRuntime> {
  /**
   * A new folder for the sandbox's own files, which every user of the machine must be able to pass through (the
   * runtime enters it as the job's own root): short, on memory, and removed with the sandbox.
   */
  readonly directory: string;
  /** An existing private folder (0700) for mounts that nobody else may pass through. */
  readonly observe: (seen: Observation) => void;
  /** Settles when the network namespace can be joined; false when it never will. Absent: it is there. */
  readonly namespace?: Promise<boolean>;
  /** Settles with whether the gateway is armed. What takes long to open is not begun without it. */
  readonly gateway?: Promise<boolean>;
  readonly runtime: Runtime;
  /** Random bits of 0 to 8191 that pick the sandbox's host ids. */
  readonly idSlot: number;
  readonly telemetry?: boolean;
  /** A node of KVM's device that the sandbox's user may open: for a machine's monitor, and never for a job. */
  readonly kvm?: string;
}

const UNWATCHED = 'who writes files that tools obey is shown to root of the machine alone';
const EXCHANGE_BYTES = 64 * 2 ** 20;
const EXCHANGE_INODES = 16_384;
const WATCHED_WITHIN_MS = 15_000;

/**
 * Opens a sandbox: plans, mounts, starts, and has process 1 try its own walls before anything else. Gives a sandbox whose
 * receipt holds every check, or a refusal with nothing left behind. Needs root, of the machine or as `native/rootless` makes it.
 */
export async function openSandbox(
  request: SandboxRequest,
  options: OpenSandboxOptions,
): Promise<Result<Sandbox, Refusal>> {
  const host = prepareParent(readHostFacts());
  const paths = pathsIn(options.directory);
  const driver = DRIVERS[options.runtime.name];
  const withTelemetry = options.telemetry !== false;
  const planned = planSandbox(request, host, {
    containerId: sandboxName(request.runId, request.jobId).toLowerCase(),
    rootfs: join(paths.bundle, 'rootfs'),
    merged: join(paths.private, 'workspace/merged'),
    exchange: join(paths.private, 'workspace/exchange'),
    init: nativeProgram('init'),
    ids: hostIds(host, options.idSlot, request.workspace),
    ...(options.kvm !== undefined && { kvm: options.kvm }),
    // A kernel of its own has no calls to hand over, and tells of them by itself.
    ...(withTelemetry && !driver.ownKernel && { listenerPath: join(paths.private, 'trace/trace.sock') }),
  });
  if (!planned.ok) return planned;
  const plan = planned.value;
  const unfit = profileUnfit(plan.profile, options.runtime.name, request.root);
  if (unfit !== undefined) return err(unfit);
  const undo = new Undo(options.directory, host, plan);
  try {
    return await openPlanned(request, { ...options, telemetry: withTelemetry }, plan, host, undo);
  } catch (error) {
    return undo.refuse(cannotPrepare(error));
  }
}

async function openPlanned(
  request: SandboxRequest,
  options: OpenSandboxOptions,
  plan: SandboxPlan,
  host: HostFacts,
  undo: Undo,
): Promise<Result<Sandbox, Refusal>> {
  const paths = pathsIn(options.directory);
  mkdirSync(options.directory, { recursive: true, mode: 0o711 });
  mkdirSync(paths.bundle, { mode: 0o711 });
  mkdirSync(paths.private, { mode: 0o700 });
  const { limits } = request.controls;
  const { runtime } = options;
  const driver = DRIVERS[runtime.name];
  const rootless = host.rootless !== undefined;
  const seLinux = seLinuxWall({ ...plan, ownKernel: driver.ownKernel, rootless });
  const raising = Promise.all([
    options.telemetry !== false
      ? startTelemetry({
          directory: join(paths.private, 'trace'),
          observe: options.observe,
          repositories: repositoriesOf(request),
          ownKernel: DRIVERS[options.runtime.name].ownKernel,
          innerUid: (uid) =>
            DRIVERS[options.runtime.name].ownKernel ? uid : innerId(plan.config.linux.uidMappings, uid),
        })
      : undefined,
    openWorkspace({
      directory: paths.private,
      ...(request.workspace.source !== undefined && { source: request.workspace.source }),
      sizeBytes: limits.workspaceBytes,
      inodes: limits.workspaceInodes,
      hostUid: plan.hostUid,
      hostGid: plan.hostGid,
      exchangeBytes: EXCHANGE_BYTES,
      exchangeInodes: EXCHANGE_INODES,
      ...(rootless && { unmapped: plan.hostUid === 0 ? 'as it is' : 'given' }),
      label: seLinux.labels?.files,
    }),
    raiseSecondWalls(plan, driver.ownKernel, rootless, seLinux, paths.bundle),
  ]);
  // Those are programs that start: meanwhile.
  undo.mounted = driver.ownKernel || !driver.hardensWritten || request.root.kind === 'image';
  const judging = judgeRuntime(runtime, plan, request, rootless);
  const places = { root: plan.config.root.path, above: paths.above };
  const laying = layRoot(request, plan.tree, places, seLinux.labels?.root);
  await Promise.allSettled([raising, judging, laying]);
  const [telemetry, workspace, walls] = await raising;
  if (walls.ok) undo.walls = walls.value;
  if (workspace.ok) undo.workspace = workspace.value;
  if (telemetry?.ok === true) undo.telemetry = telemetry.value;
  if (telemetry !== undefined && !telemetry.ok) return undo.refuse(telemetry.error);
  if (!workspace.ok) return undo.refuse(workspace.error);
  if (!walls.ok) return undo.refuse(walls.error);
  const [judged, root] = [await judging, await laying];
  if (!judged.ok) return undo.refuse(judged.error);
  const laid = root.ok ? await walls.value.laid(request.root) : root;
  if (!laid.ok) return undo.refuse(laid.error);
  const hardened = driver.hardensWritten
    ? ok(plan.config)
    : await hardenWritten(plan.config, options.directory, join(paths.private, 'written'));
  if (!hardened.ok) return undo.refuse(hardened.error);
  const clear = withoutSubmounts(driver.config(hardened.value, paths.memory), mountPoints(), paths.shown);
  const config = walls.value.config(clear.config);
  const hostMounts = driver.hostMounts(plan.config, paths.memory);
  undo.mounted ||= clear.clones.length > 0;
  const alone = await makeClones(clear.clones, paths.shown);
  if (!alone.ok) return undo.refuse(alone.error);
  const mounted = await mountOnHost(hostMounts, paths.memory, plan.ids);
  if (!mounted.ok) return undo.refuse(mounted.error);
  if (options.namespace !== undefined && !(await options.namespace)) return undo.refuse(noNamespace());
  const session = sessionFor(driver, telemetry?.value, paths.bundle);
  const starting = startingOf(runtime, config, plan, host, paths.bundle, session);
  const started = await startContainer(starting, telemetry?.value.died);
  if (!started.ok) return undo.refuse(started.error);
  const group = jobGroup(host, plan.cgroupPath, started.value.initPid);
  undo.group = group;
  if (plan.limits.memoryBytes !== undefined) group.limitSockets(plan.limits.memoryBytes);
  const init = new InitSession(started.value.control);
  undo.session = init;
  const watch = async (of: Telemetry | undefined): Promise<readonly string[] | undefined> =>
    host.rootless !== undefined && of !== undefined
      ? [UNWATCHED]
      : of?.watch(watchedPlaces(started.value.initPid, request, workspace.value));
  const unwatched = driver.ownKernel ? [] : await watch(telemetry?.value);
  const armed = await arm(
    init,
    plan,
    host,
    started.value,
    group,
    workspace.value.room,
    telemetry?.value,
    { ...runtime, version: judged.value.version },
    config,
    request.root,
    walls.value,
  );
  if (!armed.ok) return undo.refuse(armed.error);
  const receipt = withUnwatched({ ...armed.value, knownFlaws: judged.value.knownFlaws }, unwatched ?? []);
  const lacking = wallLacking(request.controls, receipt.checks);
  if (lacking !== undefined) return undo.refuse(lacking);
  const temporary = ['/tmp', '/home/runner', ...request.temporary].map(
    (path) =>
      hostMounts.find(({ destination }) => destination === path)?.path ??
      // Through process 1, whose root cannot be changed from inside.
      `/proc/${started.value.initPid}/root${path}`,
  );
  undo.held = new StillHeld({
    receipt,
    plan,
    group,
    initPid: started.value.initPid,
    walls: walls.value,
    ownKernel: driver.ownKernel,
  });
  return ok(assemble(receipt, init, workspace.value, group, started.value, undo, request, temporary));
}

function withUnwatched(receipt: SandboxReceipt, unwatched: readonly string[]): SandboxReceipt {
  if (unwatched.length === 0) return receipt;
  const unseen = [...(receipt.unseen === undefined ? [] : [receipt.unseen]), ...unwatched];
  return { ...receipt, unseen: unseen.join('; ') };
}

async function arm(
  session: InitSession,
  plan: SandboxPlan,
  host: HostFacts,
  container: Container,
  group: JobGroup,
  room: Workspace['room'],
  telemetry: Telemetry | undefined,
  runtime: ContainerRuntime & { readonly version: string },
  config: RuntimeConfig,
  root: SandboxRoot,
  walls: SecondWalls,
): Promise<Result<Omit<SandboxReceipt, 'knownFlaws'>, Refusal>> {
  const { maskedPaths, readonlyPaths } = config.linux;
  const { ownKernel } = DRIVERS[runtime.name];
  const limited = ownKernel
    ? Promise.resolve([])
    : limitNamespace(container.initPid, namespaceLimits(plan.profile?.namespaces ?? 0)).then((made) => [
        made,
      ]);
  const probed = session.probe(
    plan.probeName,
    { hidden: maskedPaths, readOnly: readonlyPaths },
    plan.writable,
    plan.profile,
    walls.forJob,
  );
  // While process 1 tries its walls, the places that a look from outside can tell.
  const network = plan.config.linux.namespaces.find(({ type }) => type === 'network')?.path ?? '';
  const inside = insideOf(plan.config.root.path);
  const outside = [
    ...(ownKernel ? [] : outsideChecks(container.initPid, config, inside)),
    ...namespaceChecks(container.initPid, network),
  ];
  // Without anybody to ask, the runtime's own start of process 1 can wait for ever.
  const over = telemetry === undefined ? [session.ended] : [session.ended, telemetry.died];
  const text = await Promise.race([probed, ...over.map((end) => end.then(() => ''))]);
  // What the probe did is told before anything is on account of the job.
  const told = telemetry?.observed();
  const report = readReport(text);
  if (!report.ok) return report;
  const made = [
    // A kernel of its own is not the one that was asked outside.
    ...confinementChecks(
      report.value.checks,
      ownKernel ? undefined : usableLandlock(telemetry?.landlock, plan.profile),
      walls.forJob,
    ),
    ...walls.checks(container.initPid),
    ...plannedChecks(report.value, config, inside, ownKernel),
    ...(ownKernel ? ownKernelChecks(container.initPid, runtime.program, group.processes()) : []),
    ...outside,
    ...weakerLimitsCheck(plan.weakerLimits, limitsOf(container.initPid)),
    ...(await limited),
    ...(telemetry === undefined ? [] : [await watched(telemetry)]),
  ];
  await told;
  const meant = meantChecks(made, ownKernel);
  const users =
    host.rootless === undefined
      ? meant
      : rootlessChecks(meant, host.rootless, config.linux.uidMappings, seenUsers(container.initPid));
  const checks = profileChecks(users, plan.profile);
  const bad = notServed(checks, plan.profile) ?? unheld(checks, ownKernel, checksOf(plan.profile));
  if (bad !== undefined) return err(bad);
  if (!group.processes().includes(container.initPid) && plan.limits.pids !== undefined)
    return err(notOwned());
  const seen = { ...group.limits(), workspaceBytes: room.bytes, workspaceInodes: room.inodes };
  const loose = limitsUnheld(plan.limits, seen);
  if (loose !== undefined) return err(loose);
  return ok({
    runtime: { name: runtime.name, version: runtime.version, tier: TIER_OF[runtime.name] },
    root: root.kind === 'host' ? root : { kind: root.kind, digest: root.digest },
    ...(plan.profile !== undefined && { profile: { name: plan.profile.name, price: plan.profile.price } }),
    checks,
    probeMs: report.value.probeMs,
    limits: { ...plan.limits, ...group.limits() } as Readonly<Partial<Record<LimitName, number>>>,
    limitsUnenforced: plan.limitsUnenforced,
    ...uncountedBy(host, plan),
    ...(plan.weakerLimits.length > 0 && { weakerLimits: plan.weakerLimits }),
    ...(host.rootless !== undefined && { rootless: rootlessReceipt(host.rootless, plan.hostUid) }),
  });
}

/** The runtime's own start of process 1 is the first that the telemetry must have seen, long before the probe ran. */
async function watched(telemetry: Telemetry): Promise<ProbeCheck> {
  const late = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), WATCHED_WITHIN_MS).unref();
  });
  const dead = telemetry.died.then(() => undefined);
  const first = await Promise.race([telemetry.first, late, dead]);
  const held = first === INIT_PATH;
  return { id: 'executions-are-seen', kind: 'state', held, seen: held ? 'process 1' : 'nothing' };
}

function assemble(
  receipt: SandboxReceipt,
  session: InitSession,
  workspace: Workspace,
  group: JobGroup,
  container: Container,
  undo: Undo,
  request: SandboxRequest,
  temporary: readonly string[],
): Sandbox {
  const ownKernel = receipt.runtime.tier === 'sandboxed-kernel';
  const holders = new HolderSearch(container.initPid, () => group.processes());
  const programs = programsOf({
    receipt,
    initPid: container.initPid,
    group,
    environment: request.clientEnvironment ?? {},
    telemetry: ownKernel ? undefined : undo.telemetry,
  });
  return {
    receipt,
    exchange: { hostPath: workspace.exchangeHostPath, path: EXCHANGE_PATH },
    workspace: {
      mergedHostPath: workspace.mergedHostPath,
      upperHostPath: workspace.upperHostPath,
      path: request.workspace.path,
    },
    start: (process) => programs.step(session.start(process)),
    killLeftovers: async (last) => {
      if (last === true) session.finish();
      const killed = await session.killAll();
      if (last === true) undo.telemetry?.letGo();
      return killed;
    },
    usage: async () => {
      const { bytes, inodes } = await workspace.usage();
      return { ...group.usage(), workspaceBytes: bytes, workspaceInodes: inodes };
    },
    full: () => fullOf(workspace, temporary),
    running: () =>
      ownKernel ? (undo.telemetry?.running() ?? []) : runningOf(container.initPid, group.processes()),
    observed: async () => undo.telemetry?.observed(),
    ownerOf: async (flow) => {
      if (undo.telemetry === undefined) return undefined;
      if (ownKernel) return diallerOf(undo.telemetry, flow);
      return askerOf(undo.telemetry, holders, flow);
    },
    programOf: (flow, names) => programs.find(flow, names),
    died: firstEnd(session.ended, undo.telemetry?.died, ownKernel).then(({ why }) => ({
      why: ownKernel ? endedBy(why, group) : why,
    })),
    ...(undo.held !== undefined && { fell: undo.held.fell }),
    destroy: (destroyOptions) => undo.all(destroyOptions),
  };
}
