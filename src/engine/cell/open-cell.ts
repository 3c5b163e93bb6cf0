import { randomBytes, randomInt } from 'node:crypto';
import { isAlarming } from '../../audit/index.ts';
import { type Refusal, type Result, err, ok, refusal } from '../../base/index.ts';
import {
  type AllowedDestination,
  type EgressPolicy,
  type Gateway,
  type GatewayEvent,
  type Inspection,
  type Narrowed,
  type OwnRules,
  type Resolver,
  startGateway,
  type UpstreamProxy,
} from '../../egress/index.ts';
import {
  chooseRuntime,
  type Observation,
  openSandbox,
  type Sandbox,
  type SandboxRequest,
  whyNotRoot,
} from '../../sandbox/index.ts';

import { completenessOf } from './completeness.ts';
import { gatewayRecord, observationRecord } from './cell-events.ts';
import { JobPrograms } from './job-programs.ts';
import type { Journal } from './journal.ts';
import { LeftRunning } from './left-running.ts';
import { LimitWatch } from './limit-watch.ts';
import { lackOfRights } from './machine-rights.ts';
import { OpenConnections } from './open-connections.ts';
import { recordLost } from './record-lost.ts';
import { Repetitions } from './repetitions.ts';

/** A job's sandbox together with its gateway: what a job runs in. */
export interface Cell {
  readonly sandbox: Sandbox;
  /** The step on whose account what is seen from now on is written. */
  setStep(stepId: string): void;
  readonly counts: CellCounts;
  /**
   * Settles when the limits were looked at and every connection that was allowed so far is closed, so that all of it is on
   * the account of the step that did it; after `withinMs` at the latest, since a job's remote need not close.
   */
  settled(withinMs: number): Promise<void>;
  /** Puts into the record what the step that is over left running. */
  leftRunning(): Promise<void>;
  /** Narrows what its network allows; the job ends when the gateway does not say that it did. */
  narrow(policy: EgressPolicy): Promise<Narrowed>;
  /** Settles when a wall fell by itself: the job must end as failed. */
  readonly broken: Promise<Refusal>;
  /** Ends everything; safe to call twice. */
  close(options?: Parameters<Sandbox['destroy']>[0]): ReturnType<Sandbox['destroy']>;
}

export interface CellCounts {
  denied: number;
  gaps: number;
  processes: number;
  hosts: Set<string>;
  bytesIn: number;
  bytesOut: number;
  requests: number;
}

export interface CellRequest extends Omit<SandboxRequest, 'networkNamespace' | 'probeName'> {
  readonly allow: readonly AllowedDestination[];
  readonly resolver: Resolver;
  readonly inspection?: Inspection;
  /** Rules of the user's own that decide at each connection. */
  readonly rules?: OwnRules;
  /** Of the operator's file: the gateway dials by it. */
  readonly proxy?: UpstreamProxy;
  /** A new folder for the sandbox's own files, which it makes and removes. */
  readonly scratch: string;
  readonly journal: Journal;
}

/** What makes the two halves of a cell. */
export interface CellMakers {
  readonly startGateway: typeof startGateway;
  readonly openSandbox: typeof openSandbox;
  /** Where a runtime's program lies; absent: where a distribution puts it. */
  readonly findRuntime?: (program: string) => string | undefined;
}

const ARMING = 'arming';

/**
 * Arms the gateway, then the sandbox in the gateway's network namespace, and holds both receipts against each other: the
 * sandbox's probe must have been heard by the gateway. Gives a cell that is armed, or a refusal and nothing left behind.
 */
export async function openCell(
  request: CellRequest,
  makers: CellMakers = { startGateway, openSandbox },
): Promise<Result<Cell, Refusal>> {
  const { journal, allow, resolver, inspection, rules, proxy, scratch, ...sandboxRequest } = request;
  if (process.geteuid?.() !== 0) return err(await whyNotRoot());
  const { allowRanges, observe } = request.controls.egress;
  if (observe === true && request.controls.zone === 'untrusted') return err(neverObserved(request.jobId));
  const lack = lackOfRights();
  if (lack !== undefined) return err(lack);
  const runtime = chooseRuntime(request.controls.isolation, makers.findRuntime);
  if (!runtime.ok) return runtime;
  const jobId = request.jobId;
  const counts: CellCounts = {
    denied: 0,
    gaps: 0,
    processes: 0,
    hosts: new Set(),
    bytesIn: 0,
    bytesOut: 0,
    requests: 0,
  };
  const connections = new OpenConnections();
  const repetitions = new Repetitions();
  const settleRisks = (): void => {
    for (const event of repetitions.settle()) {
      if (event.type === 'telemetry.gap') counts.gaps += 1;
      journal.write(event).catch(() => broke(recordLost()));
    }
  };
  const probeName = `${randomBytes(12).toString('hex')}.probe.invalid`;
  const at = { job: jobId, step: ARMING };
  let sandbox: Sandbox | undefined;
  let gate: Gateway | undefined;
  let broke: (why: Refusal) => void = () => undefined;
  const broken = new Promise<Refusal>((resolve) => {
    broke = resolve;
  });

  const programs = new JobPrograms(() => sandbox);
  const onGateway = async (event: GatewayEvent): Promise<void> => {
    // What the probe tried is in its receipt; the record is of what the job does.
    if (at.step === ARMING) return;
    count(counts, event);
    connections.see(event);
    await journal.write(await gatewayRecord(event, at, sandbox, programs), {
      durable: (event.kind === 'connect' || event.kind === 'request') && event.verdict === 'allowed',
    });
  };
  const onObservation = (seen: Observation): void => {
    if (at.step === ARMING) return;
    if (seen.kind === 'process') counts.processes += 1;
    if (seen.kind === 'process' && programs.became(seen.process)) gate?.becameAnother(seen.process.pid);
    if (seen.kind === 'refused-packet') counts.denied += 1;
    if (seen.kind === 'gap') counts.gaps += 1;
    const event = observationRecord(seen, at);
    if (event.type === 'risk.attempted') {
      if (event.outcome === 'denied' && isAlarming(event)) counts.denied += event.count ?? 1;
      if (!repetitions.admit(event)) return;
    }
    journal.write(event).catch(() => broke(recordLost()));
  };

  // Both at once: the sandbox joins the namespace while the gateway still starts, and nothing of the job's runs before both
  // receipts are in.
  const starting = makers.startGateway({
    policy: { allow, allowRanges, ...(observe === true && { observe }) },
    resolver,
    ...(inspection !== undefined && { inspection }),
    ...(rules !== undefined && { rules }),
    ...(proxy !== undefined && { proxy }),
    record: onGateway,
    programOf: (flow, names) => programs.of(flow, names),
  });
  const [gateway, opened] = await Promise.all([
    starting.armed,
    makers.openSandbox(
      { ...sandboxRequest, networkNamespace: starting.namespacePath, probeName },
      {
        directory: scratch,
        observe: onObservation,
        idSlot: randomInt(8_192),
        namespace: starting.namespace,
        gateway: starting.armed.then(({ ok: armed }) => armed),
        runtime: runtime.value,
      },
    ),
  ]);
  if (!gateway.ok || !opened.ok) {
    if (opened.ok) await opened.value.destroy();
    if (gateway.ok) await gateway.value.close();
    // Without a gateway the sandbox could not be opened either: the gateway's reason is the reason.
    return gateway.ok ? (opened as { readonly ok: false; readonly error: Refusal }) : gateway;
  }
  sandbox = opened.value;
  gate = gateway.value;
  let ending = false;
  const watch = new LimitWatch(opened.value, request.controls.limits, (limit, value, step) =>
    journal.write({ type: 'limit.hit', job: jobId, step, limit, value }),
  );
  const left = new LeftRunning(opened.value);
  const ends = {
    narrow: async (policy: EgressPolicy) => {
      try {
        return await gateway.value.narrow(policy);
      } catch (error) {
        if (!ending) broke(notNarrowed(error instanceof Error ? error.message : String(error)));
        return { closed: [], notGiven: [], connections: 0 };
      }
    },
    step: settleRisks,
    left: async () => {
      for (const event of await left.look(at)) await journal.write(event).catch(() => broke(recordLost()));
    },
    begin: () => {
      ending = true;
    },
  };
  const cell = assemble(opened.value, gateway.value, at, counts, connections, watch, broken, ends);
  const armed = await confirm(opened.value, gateway.value, probeName, journal, jobId);
  if (!armed.ok) {
    await cell.close();
    return armed;
  }
  const { unseen } = opened.value.receipt;
  if (unseen !== undefined) {
    counts.gaps += 1;
    await journal.write(observationRecord({ kind: 'gap', why: unseen }, at));
  }
  const fell = (why: Refusal): void => {
    if (!ending) broke(why);
  };
  void gateway.value.died.then(fell);
  void opened.value.fell?.then(({ why }) =>
    fell(
      refusal(
        'machine',
        'sandbox/wall-fell',
        `job ${jobId} was ended, as its sandbox had less than was proven: ${why}`,
        'see who changed the walls of a running job on this machine, and run it again',
      ),
    ),
  );
  void opened.value.died.then(({ why }) =>
    fell(
      refusal(
        'machine',
        'sandbox/died',
        `the sandbox of job ${jobId} ended by itself: ${why}`,
        'run it again; if it stays so, see cofferdam doctor',
      ),
    ),
  );
  return ok(cell);
}

function assemble(
  sandbox: Sandbox,
  gateway: Gateway,
  at: { step: string },
  counts: CellCounts,
  connections: OpenConnections,
  watch: LimitWatch,
  broken: Promise<Refusal>,
  ends: {
    readonly narrow: Cell['narrow'];
    readonly step: () => void;
    readonly begin: () => void;
    readonly left: () => Promise<void>;
  },
): Cell {
  let closing: ReturnType<Sandbox['destroy']> | undefined;
  return {
    sandbox,
    counts,
    broken,
    narrow: ends.narrow,
    leftRunning: ends.left,
    settled: async (withinMs) => {
      await Promise.all([connections.settled(withinMs), watch.look(), sandbox.observed()]);
    },
    setStep: (stepId) => {
      ends.step();
      at.step = stepId;
      watch.setStep(stepId);
    },
    close: (options) => {
      ends.begin();
      closing ??= (async () => {
        await watch.stop();
        let gatewayEnds: Promise<void> | undefined;
        // Nobody can ask the gateway for anything any more, so it ends while the sandbox is cleared away.
        const emptied = (): void => {
          gatewayEnds = gateway.close();
        };
        const destroyed = await sandbox.destroy({ ...options, emptied });
        ends.step();
        await (gatewayEnds ?? gateway.close());
        return destroyed;
      })();
      return closing;
    },
  };
}

async function confirm(
  sandbox: Sandbox,
  gateway: Gateway,
  probeName: string,
  journal: Journal,
  jobId: string,
): Promise<Result<undefined, Refusal>> {
  const heard = await gateway.heard(probeName);
  try {
    await journal.write({
      type: 'policy.armed',
      job: jobId,
      control: 'gateway',
      receipt: { ...gateway.receipt, probeHeard: heard },
    });
    for (const { what, how } of completenessOf(sandbox.receipt)) {
      await journal.write({ type: 'telemetry.completeness', job: jobId, what, how });
    }
    await journal.write(
      { type: 'policy.armed', job: jobId, control: 'sandbox', receipt: sandbox.receipt },
      { durable: true },
    );
  } catch {
    return err(recordLost());
  }
  if (heard) return ok(undefined);
  return err(
    refusal(
      'machine',
      'gateway/probe-not-heard',
      'the probe inside the sandbox asked the gateway, and the gateway did not hear it',
      'run it again; if it stays so, see cofferdam doctor',
    ),
  );
}

/** Whatever led here: what nobody vouches for is held to its list. */
function neverObserved(job: string): Refusal {
  return refusal(
    'policy',
    'egress/observe',
    `job ${job} is untrusted, and what is untrusted is never only observed`,
    'allow its hosts by name: cofferdam policy learn makes a list of what was denied',
  );
}

function notNarrowed(why: string): Refusal {
  return refusal(
    'machine',
    'gateway/not-narrowed',
    `the operator\u2019s policy allows less now, and the gateway did not say that it holds it: ${why}`,
    'run it again; if it stays so, see cofferdam doctor',
  );
}

function count(counts: CellCounts, event: GatewayEvent): void {
  switch (event.kind) {
    case 'dns':
      if (event.verdict === 'denied') counts.denied += event.count ?? 1;
      return;
    case 'connect':
      if (event.verdict === 'denied') counts.denied += event.count ?? 1;
      else counts.hosts.add(event.host ?? event.address);
      return;
    case 'request':
      if (event.verdict === 'denied') counts.denied += event.count ?? 1;
      return;
    case 'closed':
      counts.bytesIn += event.bytesIn;
      counts.bytesOut += event.bytesOut;
      counts.requests += event.requests;
      return;
    case 'refused-packet':
      counts.denied += event.count ?? 1;
      return;
    case 'gap':
      counts.gaps += 1;
      return;
  }
}
