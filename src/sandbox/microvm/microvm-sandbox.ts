import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { err, type Refusal, type Result } from '../../base/index.ts';
import type { LimitName } from '../../zone/index.ts';
import type { Sandbox, SandboxReceipt } from '../contract.ts';
import type { Cgroup } from '../oci/cgroup.ts';
import { EXCHANGE_PATH } from '../plan/plan-sandbox.ts';
import { unmountBelow } from '../workspace/index.ts';
import type { BootedGuest } from './boot-machine.ts';
import type { GuestLine } from './guest-line.ts';
import type { Link } from './link.ts';
import type { MachinePort } from './machine-port.ts';

type Destroyed = Awaited<ReturnType<Sandbox['destroy']>>;

/** How long a guest may leave a question unanswered: a hang is an end. A translated machine that is busy takes seconds. */
const SILENT_MS = 60_000;
const ANSWER_MS = 5_000;
/** Who asks for a destination waits for its owner to be known: no longer than this. */
const OWNER_MS = 500;
const TOGETHER_MS = 100;

/** Everything that was made so far of a microVM, to be taken back in order whatever happened. */
export class Undo {
  machine: Sandbox | undefined;
  link: Link | undefined;
  guest: BootedGuest | undefined;
  readonly ports: MachinePort[] = [];
  readonly #directory: string;
  #done: Promise<Destroyed> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async refuse(why: Refusal): Promise<Result<never, Refusal>> {
    await this.all();
    return err(why);
  }

  all(keepUpperAt?: string): Promise<Destroyed> {
    this.#done ??= this.#run(keepUpperAt);
    return this.#done;
  }

  async #run(keepUpperAt: string | undefined): Promise<Destroyed> {
    this.guest?.telemetry.reader.expectEnd();
    this.guest?.session.close();
    const ended = await this.machine?.destroy(keepUpperAt === undefined ? {} : { keepUpperAt });
    await this.link?.close();
    for (const port of this.ports) port.close();
    const left = [...(ended?.leftBehind ?? [])];
    if (!(await unmountBelow(this.#directory)).ok) left.push(this.#directory);
    try {
      rmSync(this.#directory, { recursive: true, force: true });
    } catch {
      left.push(this.#directory);
    }
    return { leftBehind: left, ...(ended?.notKept !== undefined && { notKept: ended.notKept }) };
  }
}

/** A machine in which the job's container stands, armed. */
export interface ArmedMachine {
  /** The monitor's own sandbox. */
  readonly around: Sandbox;
  readonly guest: BootedGuest;
  readonly link: Link;
  readonly cgroup: Cgroup;
  readonly receipt: SandboxReceipt;
  readonly workspacePath: string;
}

/** The sandbox of an armed machine, behind the contract of any other. */
export function microvmSandbox(armed: ArmedMachine, undo: Undo): Sandbox {
  const { around, guest, link, cgroup } = armed;
  const { session, line, telemetry } = guest;
  const heartbeat = new Heartbeat(line);
  return {
    receipt: armed.receipt,
    exchange: { hostPath: around.exchange.hostPath, path: EXCHANGE_PATH },
    workspace: { ...around.workspace, path: armed.workspacePath },
    start: (process) => session.start(process),
    killLeftovers: (last) => {
      if (last === true) session.finish();
      return session.killAll();
    },
    usage: async () => {
      const [use, own] = await Promise.all([heartbeat.use(), around.usage()]);
      const { memoryPeakBytes: _ofAll, oomKills: _kills, pidsRefused: _pids, pidsPeak: _peak, ...rest } = own;
      return {
        ...rest,
        ...(use?.memoryPeak !== undefined && { memoryPeakBytes: use.memoryPeak }),
        ...(use?.oomKills !== undefined && { oomKills: use.oomKills }),
        ...(use?.pidsRefused !== undefined && { pidsRefused: use.pidsRefused }),
      };
    },
    full: async () => {
      const [use, own] = await Promise.all([heartbeat.use(), around.full()]);
      return [
        // Of the monitor's own /tmp nothing is said.
        ...own.filter((limit) => limit === 'workspaceBytes' || limit === 'workspaceInodes'),
        ...(use?.blocksFull === true ? (['tmpBytes'] satisfies LimitName[]) : []),
        ...(use?.filesFull === true ? (['tmpInodes'] satisfies LimitName[]) : []),
      ];
    },
    running: () => telemetry.running(),
    observed: () => telemetry.observed(ANSWER_MS),
    ownerOf: ({ protocol = 'tcp', localPort }) => telemetry.ownerOf(protocol, localPort, OWNER_MS),
    // Which files a program there is made of is seen by its own kernel alone.
    programOf: () => Promise.resolve({ known: false, why: 'a microVM does not tell which program made it' }),
    died: firstOf([
      around.died.then(({ why }) => why),
      guest.monitor.ended,
      link.ended.then((why) => `its link to the gateway has ended: ${why}`),
      line.ended,
      telemetry.reader.died.then(({ why }) => why),
      session.ended.then(({ why }) => why),
      heartbeat.silent,
    ]).then((why) => ({ why: `${why}${outOfMemory(cgroup)}` })),
    destroy: (options) => undo.all(options?.keepUpperAt),
  };
}

function outOfMemory(cgroup: Cgroup): string {
  return (cgroup.usage().oomKills ?? 0) > 0
    ? ': the machine as a whole needed more memory than it may have'
    : '';
}

/** When one thing ends, others end with it: of those that end together, the reason of the first in the list. */
async function firstOf(ends: readonly Promise<string>[]): Promise<string> {
  const reasons = new Map<number, string>();
  await Promise.race(ends.map((end, at) => end.then((why) => reasons.set(at, why))));
  await sleep(TOGETHER_MS);
  const [, why = ''] = [...reasons].toSorted(([a], [b]) => a - b)[0] ?? [];
  return why;
}

/** Asks the guest, and tells when it has not answered for too long. */
class Heartbeat {
  readonly silent: Promise<string>;
  readonly #line: GuestLine;
  #silent: (why: string) => void = () => undefined;
  #heard = Date.now();

  constructor(line: GuestLine) {
    this.#line = line;
    this.silent = new Promise((resolve) => {
      this.#silent = resolve;
    });
  }

  async use(): ReturnType<GuestLine['use']> {
    const use = await this.#line.use(ANSWER_MS);
    if (use !== undefined) this.#heard = Date.now();
    else if (Date.now() - this.#heard > SILENT_MS)
      this.#silent(`its guest has not answered for ${SILENT_MS / 1_000} s`);
    return use;
  }
}
